using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>What is asked for on a command line.</summary>
internal enum CommandLineRequest
{
    /// <summary>A connection to a destination.</summary>
    Connect = 0,

    /// <summary>The help.</summary>
    Help,

    /// <summary>The version.</summary>
    Version,
}

/// <summary>The command line of ssh(1): <c>adit [ssh] [options] destination</c>. Options may stand before and behind the destination.</summary>
internal sealed record SshCommandLine
{
    /// <summary>What is asked for; where it is not a connection, nothing else is of meaning.</summary>
    internal CommandLineRequest Request { get; init; }

    /// <summary>The destination's host, without user and port.</summary>
    internal string Destination { get; init; } = "";

    /// <summary>All that configures the connection, in the order in which it stands; user and port of the destination included.</summary>
    internal ImmutableArray<ConfigLine> Options { get; init; } = [];

    /// <summary>The argument of -F: the only file to read, or <c>none</c>; null for the usual ones.</summary>
    internal string? ConfigFile { get; init; }

    /// <summary>The argument of -E: where messages go; null for standard error.</summary>
    internal string? LogFile { get; init; }

    /// <summary>How often -v was given, 3 at most.</summary>
    internal int Verbosity { get; init; }

    /// <summary>What was given and has no effect.</summary>
    internal ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Reads a command line.</summary>
    /// <param name="args">The arguments of the process.</param>
    /// <exception cref="UsageException">They cannot be understood or served; the message says what to do.</exception>
    internal static SshCommandLine Parse(IReadOnlyList<string> args) => new SshCommandLineParser(args).Parse();

    /// <summary>What is configured for the destination, options and files together.</summary>
    /// <param name="local">Who connects; null for this process's user.</param>
    /// <exception cref="ConfigException">A file or an option cannot be read, understood or served.</exception>
    /// <exception cref="UsageException">A session would be needed.</exception>
    internal HostConfig Resolve(LocalUser? local = null)
    {
        HostConfig config = SshConfig.Resolve(Destination, Options, ConfigFile, local);
        return config.SessionType == SessionType.None
            ? config
            : throw new UsageException("sessions are not served yet: add -N");
    }
}

/// <summary>A command line that cannot be used. Ends with <see cref="ExitCode"/>, as ssh does.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>The exit code of ssh(1) for errors of its own.</summary>
    internal const int ExitCode = 255;
}
