using System.Buffers;
using System.Globalization;
using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>The command line of ssh(1): options before and after the destination, clustered flags, values attached or behind.</summary>
internal sealed record SshCommandLine
{
    // Options with a value, by ssh's getopt string; those that are not served yet are told apart below.
    private const string WithValue = "BbcDEeFIiJLlmOopPQRSWw";
    private const string Flags = "46AaCfGgKkMNnqsTtVvXxYy";
    private const string NotServed = "BDeIJOPQRSWwAfGKMstXY";

    // What a shell would take apart, should a host name ever reach one.
    private static readonly SearchValues<char> NeverInHost = SearchValues.Create(" \t\r\n\"'`;|&$<>()");

    public string Destination { get; private init; } = string.Empty;

    public IReadOnlyList<string> ConfigLines { get; private init; } = [];

    public string? ConfigFile { get; private init; }

    public string? LogFile { get; private init; }

    public int Verbosity { get; private init; }

    public bool Quiet { get; private init; }

    public bool ShowVersion { get; private init; }

    public bool ShowHelp { get; private init; }

    /// <exception cref="UsageException">The command line is wrong.</exception>
    public static SshCommandLine Parse(IReadOnlyList<string> args) => new Parser(args).Parse();

    private sealed class Parser(IReadOnlyList<string> args)
    {
        private readonly List<string> _configLines = [];
        private readonly List<string> _command = [];
        private string? _destination;
        private string? _configFile;
        private string? _logFile;
        private int _verbosity;
        private bool _quiet;
        private bool _noSession;
        private bool _version;
        private bool _help;
        private int _next;

        public SshCommandLine Parse()
        {
            bool optionsEnded = false;
            while (_next < args.Count)
            {
                string argument = args[_next++];
                if (_command.Count > 0)
                    _command.Add(argument);
                else if (!optionsEnded && argument == "--")
                    optionsEnded = true;
                else if (!optionsEnded && argument is "--help")
                    _help = true;
                else if (!optionsEnded && argument is "--version")
                    _version = true;
                else if (!optionsEnded && argument.StartsWith("--", StringComparison.Ordinal))
                    throw new UsageException($"unknown option {argument}; did you mean {Spelling.Nearest(argument, ["--help", "--version"])}?");
                else if (!optionsEnded && argument.Length > 1 && argument[0] == '-')
                    TakeCluster(argument);
                else if (_destination is null)
                    TakeDestination(argument);
                else
                    _command.Add(argument);
            }

            if (!_help && !_version)
                Check();
            return new()
            {
                Destination = _destination ?? string.Empty,
                ConfigLines = _configLines,
                ConfigFile = _configFile,
                LogFile = _logFile,
                Verbosity = _verbosity,
                Quiet = _quiet,
                ShowVersion = _version,
                ShowHelp = _help,
            };
        }

        private void Check()
        {
            if (_destination is null)
                throw new UsageException("a destination is missing, for example: adit -N -L 63333:localhost:5432 joe@foo.com");
            if (_command.Count > 0)
                throw new UsageException($"this version opens tunnels only and runs no commands; leave \"{string.Join(' ', _command)}\" out and add -N");
            if (!_noSession)
                throw new UsageException("this version opens tunnels only, no shell on the server: add -N");
        }

        private void TakeCluster(string argument)
        {
            for (int i = 1; i < argument.Length; i++)
            {
                char option = argument[i];
                if (WithValue.Contains(option, StringComparison.Ordinal))
                {
                    TakeOption(option, i + 1 < argument.Length ? argument[(i + 1)..] : TakeValue(option));
                    return;
                }

                if (!Flags.Contains(option, StringComparison.Ordinal))
                    throw new UsageException($"unknown option -{option}; see adit --help");
                TakeFlag(option);
            }
        }

        private string TakeValue(char option) => _next < args.Count ? args[_next++] : throw new UsageException($"option -{option} needs a value");

        private void TakeFlag(char option)
        {
            Refuse(option);
            switch (option)
            {
                case '4' or '6':
                    _configLines.Add($"AddressFamily {(option == '4' ? "inet" : "inet6")}");
                    break;
                case 'g':
                    _configLines.Add("GatewayPorts yes");
                    break;
                case 'N':
                    _noSession = true;
                    break;
                case 'q':
                    _quiet = true;
                    break;
                case 'v':
                    _verbosity++;
                    break;
                case 'V':
                    _version = true;
                    break;
                default:
                    // -a -k -n -T -x -y -C: what they switch off is off in a tunnel, and there is no compression.
                    break;
            }
        }

        private void TakeOption(char option, string value)
        {
            Refuse(option);
            switch (option)
            {
                case 'b':
                    AddLine("BindAddress", value);
                    break;
                case 'c':
                    AddLine("Ciphers", value);
                    break;
                case 'E':
                    _logFile = value;
                    break;
                case 'F':
                    _configFile = value;
                    break;
                case 'i':
                    AddLine("IdentityFile", value);
                    break;
                case 'L':
                    AddLine("LocalForward", value);
                    break;
                case 'l':
                    AddLine("User", value);
                    break;
                case 'm':
                    AddLine("MACs", value);
                    break;
                case 'o':
                    _configLines.Add(value);
                    break;
                case 'p':
                    AddLine("Port", value);
                    break;
                default:
                    throw new UsageException($"unknown option -{option}; see adit --help");
            }
        }

        private void AddLine(string keyword, string value) =>
            _configLines.Add($"{keyword} \"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");

        private static void Refuse(char option)
        {
            if (NotServed.Contains(option, StringComparison.Ordinal))
                throw new UsageException($"option -{option} is not served by this version; see adit --help for what is");
        }

        // ssh://[user@]host[:port], or [user@]host; a user's name may hold an @, so the last one divides.
        private void TakeDestination(string text)
        {
            string rest = text;
            bool isUri = text.StartsWith("ssh://", StringComparison.OrdinalIgnoreCase);
            if (isUri)
                rest = text["ssh://".Length..].TrimEnd('/');
            int at = rest.LastIndexOf('@');
            if (at >= 0)
            {
                AddLine("User", isUri ? Uri.UnescapeDataString(rest[..at]) : rest[..at]);
                rest = rest[(at + 1)..];
            }

            if (isUri)
                rest = TakePort(rest, text);
            if (rest.Length == 0 || rest[0] == '-' || rest.AsSpan().ContainsAny(NeverInHost))
                throw new UsageException($"\"{text}\" is not a destination; expected [user@]host or ssh://[user@]host[:port]");
            _destination = rest;
        }

        private string TakePort(string host, string text)
        {
            int colon = host.LastIndexOf(':');
            if (host.StartsWith('['))
            {
                int close = host.IndexOf(']', StringComparison.Ordinal);
                if (close < 0)
                    throw new UsageException($"\"{text}\" is not a destination: a bracket is not closed");
                colon = close + 1 < host.Length && host[close + 1] == ':' ? close + 1 : -1;
                if (colon >= 0)
                    AddPort(host[(colon + 1)..], text);
                return host[1..close];
            }

            if (colon < 0)
                return host;
            AddPort(host[(colon + 1)..], text);
            return host[..colon];
        }

        private void AddPort(string port, string text)
        {
            if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
                throw new UsageException($"\"{text}\" is not a destination: \"{port}\" is not a port");
            AddLine("Port", port);
        }
    }
}

/// <summary>The command line is wrong; the message says what to do.</summary>
internal sealed class UsageException(string message) : Exception(message);
