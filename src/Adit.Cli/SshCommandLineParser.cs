using System.Globalization;
using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>Reads a command line from left to right as ssh's own getopt loop does: clustered flags, attached arguments, <c>--</c>.</summary>
internal sealed class SshCommandLineParser(IReadOnlyList<string> args)
{
    private const int MostVerbose = 3;
    private static readonly string[] LongOptions = ["--help", "--version"];

    private readonly List<ConfigLine> _options = [];
    private readonly List<string> _notes = [];
    private CommandLineRequest _request;
    private string? _destination;
    private string? _configFile;
    private string? _logFile;
    private int _verbosity;
    private bool _quiet;
    private int _at;

    internal SshCommandLine Parse()
    {
        // The spelled-out form, by which a host may bear the name of a subcommand.
        if (args is ["ssh", ..])
            _at = 1;
        bool optionsEnded = false;
        while (_at < args.Count && _request == CommandLineRequest.Connect)
        {
            string word = args[_at++];
            if (!optionsEnded && word == "--")
                optionsEnded = true;
            else if (!optionsEnded && word.StartsWith("--", StringComparison.Ordinal))
                Long(word);
            else if (!optionsEnded && word.Length > 1 && word[0] == '-')
                Cluster(word);
            else if (_destination is null)
                Destination(word);
            else
                throw new UsageException($"sessions are not served yet, so no command can run: \"{word}\"; leave it out and add -N");
        }
        if (_request != CommandLineRequest.Connect)
            return new() { Request = _request };
        if (_destination is null)
            throw new UsageException("the destination is missing; write adit -NL 5432:localhost:5432 user@host, or see adit --help");
        Loudness();
        return new()
        {
            Destination = _destination,
            Options = [.. _options],
            ConfigFile = _configFile,
            LogFile = _logFile,
            Verbosity = _verbosity,
            Notes = [.. _notes],
        };
    }

    private void Destination(string word)
    {
        SshDestination destination = SshDestination.Parse(word);
        _destination = destination.Host;
        if (destination.User is { } user)
            Option("destination", "User", user);
        if (destination.Port is { } port)
            Option("destination", "Port", port.ToString(CultureInfo.InvariantCulture));
    }

    private void Long(string word)
    {
        _request = word switch
        {
            "--help" => CommandLineRequest.Help,
            "--version" => CommandLineRequest.Version,
            _ => throw new UsageException(
                $"unknown option {word}"
                + (Spelling.Nearest(word, LongOptions) is { } near ? $"; the nearest known one is {near}" : "; see adit --help")),
        };
    }

    private void Cluster(string word)
    {
        for (int i = 1; i < word.Length && _request == CommandLineRequest.Connect; i++)
        {
            SshOption option = SshOption.Find(word[i]) ?? throw Unknown(word[i]);
            if (option.Service == OptionService.Refused)
                throw new UsageException($"the option -{option.Letter} is not served yet in this version");
            if (option.Service == OptionService.Ignored)
                _notes.Add($"the option -{option.Letter} has no effect in this version");
            if (option.Argument is null)
            {
                Flag(option.Letter);
                continue;
            }
            string argument = i + 1 < word.Length ? word[(i + 1)..]
                : _at < args.Count ? args[_at++]
                : throw new UsageException($"the option -{option.Letter} needs its argument {option.Argument}");
            WithArgument(option.Letter, argument);
            return;
        }
    }

    private void Flag(char letter)
    {
        switch (letter)
        {
            case '4': Option("-4", "AddressFamily", "inet"); break;
            case '6': Option("-6", "AddressFamily", "inet6"); break;
            case 'g': Option("-g", "GatewayPorts", "yes"); break;
            case 'h': _request = CommandLineRequest.Help; break;
            case 'N': Option("-N", "SessionType", "none"); break;
            case 'q': _quiet = true; break;
            case 'V': _request = CommandLineRequest.Version; break;
            case 'v': _quiet = false; _verbosity = Math.Min(_verbosity + 1, MostVerbose); break;
            // -a, -k, -n, -T and -x ask for less of what a tunnel does not have anyway: agent, tickets, input, terminal, X11.
            default: break;
        }
    }

    private void WithArgument(char letter, string argument)
    {
        switch (letter)
        {
            case 'b': Option("-b", "BindAddress", argument); break;
            case 'c': Option("-c", "Ciphers", argument); break;
            case 'E': _logFile = argument; break;
            case 'F': _configFile = argument; break;
            case 'i': Option("-i", "IdentityFile", argument); break;
            case 'L': Option("-L", "LocalForward", argument); break;
            case 'l': Option("-l", "User", argument); break;
            case 'm': Option("-m", "MACs", argument); break;
            case 'p': Option("-p", "Port", argument); break;
            default: Keyword(argument); break;
        }
    }

    private void Keyword(string argument)
    {
        try
        {
            _options.Add(
                ConfigLine.Parse(argument, ConfigSource.CommandLine)
                ?? throw new UsageException($"the option -o needs a keyword and a value: \"{argument}\"; as in -o ConnectTimeout=30"));
        }
        catch (ConfigException e)
        {
            throw new UsageException($"{e.Message}; write -o Keyword=value");
        }
    }

    /// <summary>-v and -q outdo a LogLevel, wherever it is written.</summary>
    private void Loudness()
    {
        string? level = _quiet ? "QUIET" : _verbosity switch { 0 => null, 1 => "DEBUG1", 2 => "DEBUG2", _ => "DEBUG3" };
        if (level is not null)
            _options.Insert(0, ConfigLine.Option(_quiet ? "-q" : "-v", "LogLevel", level));
    }

    private void Option(string option, string keyword, string argument) => _options.Add(ConfigLine.Option(option, keyword, argument));

    private static UsageException Unknown(char letter) => new(
        $"unknown option -{letter}"
        + (SshOption.FindNear(letter) is { } near ? $"; the nearest known one is -{near.Letter}" : "; see adit --help"));
}
