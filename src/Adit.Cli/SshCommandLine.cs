using System.Collections.Immutable;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Cli;

/// <summary>
/// The command line of ssh(1): <c>adit [ssh] [options] destination [command]</c>. Options may stand before and behind the destination, and
/// end where the command begins.
/// </summary>
internal sealed record SshCommandLine
{
    /// <summary>What is asked for. Help, version and a query need nothing else.</summary>
    internal CommandLineRequest Request { get; init; }

    /// <summary>The destination's host, without user and port.</summary>
    internal string Destination { get; init; } = "";

    /// <summary>All that configures the connection, in the order in which it stands; user and port of the destination included.</summary>
    internal ImmutableArray<ConfigLine> Options { get; init; } = [];

    /// <summary>The command behind the destination, its words with a blank between them; empty for none.</summary>
    internal string Command { get; init; } = "";

    /// <summary>How it is put together.</summary>
    internal CommandForm Form { get; init; }

    /// <summary>What runs here with the tunnel: the program and its arguments; empty for none.</summary>
    internal ImmutableArray<string> Words { get; init; } = [];

    /// <summary>The argument of -W: standard input and output go there; null for none.</summary>
    internal Endpoint? StdioForward { get; init; }

    /// <summary>The argument of -O, for <see cref="CommandLineRequest.Control"/>.</summary>
    internal string ControlWord { get; init; } = "";

    /// <summary>The argument of -Q, for <see cref="CommandLineRequest.Query"/>.</summary>
    internal string QueryWord { get; init; } = "";

    /// <summary>The argument of -F: the only file to read, or <c>none</c>; null for the usual ones.</summary>
    internal string? ConfigFile { get; init; }

    /// <summary>The argument of -E: where messages go; null for standard error.</summary>
    internal string? LogFile { get; init; }

    /// <summary>Whether messages go to the system's log (-y).</summary>
    internal bool UsesSystemLog { get; init; }

    /// <summary>The argument of --owner: the process for which this one works; null for none.</summary>
    internal int? Owner { get; init; }

    /// <summary>How often -v was given, 3 at most.</summary>
    internal int Verbosity { get; init; }

    /// <summary>Reads a command line.</summary>
    /// <param name="args">The arguments of the process, without the name of a subcommand.</param>
    /// <param name="form">How they are put together.</param>
    /// <exception cref="UsageException">They cannot be understood or served; the message says what to do.</exception>
    internal static SshCommandLine Parse(IReadOnlyList<string> args, CommandForm form = CommandForm.Ssh) =>
        new SshCommandLineParser(args, form).Parse();

    /// <summary>What is configured for the destination, options and files together.</summary>
    /// <param name="local">Who connects; null for this process's user.</param>
    /// <exception cref="ConfigException">A file or an option cannot be read, understood or served.</exception>
    /// <exception cref="UsageException">Options do not go together, or this version does not serve what they ask for.</exception>
    internal HostConfig Resolve(LocalUser? local = null)
    {
        HostConfig config = SshConfig.Resolve(new(Destination)
        {
            Options = Options,
            File = ConfigFile,
            Command = Command,
            StdioForward = StdioForward,
            Local = local,
        });
        if (Form is not CommandForm.Ssh)
        {
            config = config with { LocalForwards = Written(config.LocalForwards), RemoteForwards = Written(config.RemoteForwards), DynamicForwards = Written(config.DynamicForwards) };
            foreach ((ForwardSpec forward, _) in config.LocalForwards)
            {
                if (forward.Listen.Path is not null)
                    throw new UsageException($"-L {forward} listens on a socket, and the command is told ports; write -L host:port");
            }
        }
        if (Request is CommandLineRequest.Config)
            return config;
        if (Request is CommandLineRequest.Control && config.ControlPath is null)
            throw new UsageException("the option -O needs the socket of a shared connection; add -S path, or ControlPath to the configuration");
        if (config.SessionType == SessionType.Subsystem && config.Command is null)
            throw new UsageException("a subsystem is asked for, but not which; write its name behind the destination, as in adit -s host sftp");
        if (config.ForkAfterAuthentication && config.Command is null && config.SessionType != SessionType.None)
            throw new UsageException("there is no command that could run in the background; add -N or write a command behind the destination");
        return config;
    }

    // A command gets what was asked for with it. What a file forwards has fixed ports, which another command may hold already.
    private static ImmutableArray<Sourced<ForwardSpec>> Written(ImmutableArray<Sourced<ForwardSpec>> forwards) =>
        [.. forwards.Where(static forward => forward.Source.Line == 0)];
}
