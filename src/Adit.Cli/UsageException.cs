namespace Adit.Cli;

/// <summary>A command line that cannot be used. Ends with <see cref="ExitCode"/>, as ssh does.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>The exit code of ssh(1) for errors of its own.</summary>
    internal const int ExitCode = 255;
}
