namespace Adit.OpenSsh;

/// <summary>A configuration cannot be used. The message names the place and what to do.</summary>
internal sealed class ConfigException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    internal ConfigException(ConfigSource source, string message, Exception? innerException = null)
        : this($"{source}: {message}", innerException)
    {
    }
}
