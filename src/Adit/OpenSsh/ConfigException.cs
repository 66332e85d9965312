namespace Adit.OpenSsh;

/// <summary>A configuration file or option is wrong. The message begins with the place, as <c>file:line:</c>.</summary>
public sealed class ConfigException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="place">File and line, or "command line".</param>
    /// <param name="message">What is wrong and what is expected.</param>
    /// <param name="innerException">What caused it.</param>
    public ConfigException(string place, string message, Exception? innerException = null)
        : base($"{place}: {message}", innerException)
    {
        Place = place;
    }

    /// <summary>File and line, or "command line".</summary>
    public string Place { get; }
}
