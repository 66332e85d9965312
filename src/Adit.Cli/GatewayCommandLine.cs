using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>What <c>adit gateway</c> is to do.</summary>
internal enum GatewayRequest
{
    /// <summary>Listen and serve.</summary>
    Serve = 0,

    /// <summary>Serve one connection on standard input and output (-i).</summary>
    ServeOne,

    /// <summary>Check the configuration (-t).</summary>
    Check,

    /// <summary>Print what holds (-T).</summary>
    Print,

    /// <summary>Print how a password is written to AditUsersFile (--hash).</summary>
    Hash,

    /// <summary>Print the help.</summary>
    Help,
}

/// <summary>The command line of <c>adit gateway</c>: sshd's own switches, as far as they make sense here.</summary>
internal sealed record GatewayCommandLine
{
    internal const string Help = "--help";
    internal const string Hash = "--hash";

    /// <summary>What to do.</summary>
    public GatewayRequest Request { get; private init; }

    /// <summary>-f: the configuration; null where none was given.</summary>
    public string? ConfigFile { get; private init; }

    /// <summary>-E: the file to which the log is appended; null for standard error.</summary>
    public string? LogFile { get; private init; }

    /// <summary>-C: the connection that -T and -t are asked about; null for none.</summary>
    public string? Subject { get; private init; }

    /// <summary>-o, -p and -h, in their order.</summary>
    public IReadOnlyList<ConfigLine> Options { get; private init; } = [];

    /// <summary>-D: it stays in the foreground. Without -E it does so anyhow.</summary>
    public bool Foreground { get; private init; }

    /// <summary>-d: everything is logged.</summary>
    public bool Debug { get; private init; }

    /// <summary>-q: nothing but failures is logged.</summary>
    public bool Quiet { get; private init; }

    /// <exception cref="UsageException">It cannot be understood.</exception>
    /// <exception cref="ConfigException">An option cannot be.</exception>
    public static GatewayCommandLine Parse(IReadOnlyList<string> args)
    {
        var line = new GatewayCommandLine();
        var options = new List<ConfigLine>();
        var words = new Queue<string>(args);
        while (words.TryDequeue(out string? word))
        {
            if (word is Help)
                return new() { Request = GatewayRequest.Help };
            if (word is Hash)
                return new() { Request = GatewayRequest.Hash };
            if (word.Length < 2 || word[0] != '-' || word[1] == '-')
                throw new UsageException($"adit gateway takes no \"{word}\"; see adit gateway --help");
            for (int i = 1; i < word.Length; i++)
            {
                string argument = string.Empty;
                char letter = word[i];
                if (GatewayOption.Find(letter) is { Argument: not null })
                {
                    argument = i + 1 < word.Length ? word[(i + 1)..]
                        : words.TryDequeue(out string? next) ? next
                        : throw new UsageException($"-{letter} needs an argument; see adit gateway --help");
                    i = word.Length;
                }

                line = line.With(letter, argument, options);
            }
        }

        return line with { Options = options };
    }

    private GatewayCommandLine With(char letter, string argument, List<ConfigLine> options)
    {
        switch (letter)
        {
            case 'f':
                return this with { ConfigFile = argument };
            case 'E':
                return this with { LogFile = argument };
            case 'C':
                return this with { Subject = Subject is null ? argument : $"{Subject},{argument}" };
            case 'o':
                options.Add(ConfigLine.Parse(argument, new("-o", 0)) ?? throw new UsageException("-o needs a keyword and its value, as in -o Port=2222"));
                return this;
            case 'p':
                options.Add(ConfigLine.Parse($"Port {argument}", new("-p", 0))!);
                return this;
            case 'h':
                options.Add(ConfigLine.Parse($"HostKey \"{argument}\"", new("-h", 0))!);
                return this;
            case 't':
                return this with { Request = GatewayRequest.Check };
            case 'T':
                return this with { Request = GatewayRequest.Print };
            case 'i':
                return this with { Request = GatewayRequest.ServeOne };
            case 'd':
                return this with { Debug = true, Foreground = true };
            case 'q':
                return this with { Quiet = true };
            case 'D':
                return this with { Foreground = true };
            case 'e':
                return this; // without -E it is always so
            default:
                throw new UsageException($"adit gateway does not serve -{letter}; see adit gateway --help");
        }
    }
}
