using System.Globalization;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>
/// Reads a command line from left to right as ssh's own getopt loop does: clustered flags, attached arguments, <c>--</c>, options behind the
/// destination, and then a command whose words are left alone.
/// </summary>
internal sealed class SshCommandLineParser(IReadOnlyList<string> args, CommandForm form)
{
    /// <summary>What -O may say.</summary>
    internal static readonly string[] ControlWords = ["check", "conninfo", "channels", "forward", "cancel", "proxy", "exit", "stop"];

    private const int MostVerbose = 3;

    private readonly List<ConfigLine> _options = [];
    private readonly List<string> _command = [];
    private readonly bool _isLocal = form is not CommandForm.Ssh;
    private CommandLineRequest _request;
    private string? _destination;
    private string? _configFile;
    private string? _logFile;
    private string _controlWord = "";
    private string _queryWord = "";
    private Endpoint? _stdioForward;
    private bool _usesSystemLog;
    private int? _owner;
    private int _verbosity;
    private bool _quiet;
    private int _at;

    private bool IsAnswered => _request is CommandLineRequest.Help or CommandLineRequest.Version or CommandLineRequest.Query;

    internal SshCommandLine Parse()
    {
        // The spelled-out form, by which a host may bear the name of a subcommand.
        if (!_isLocal && args is ["ssh", ..])
            _at = 1;
        bool optionsEnded = false;
        while (_at < args.Count && !IsAnswered)
        {
            string word = args[_at++];
            // The options behind its destination are psql's.
            if (form is CommandForm.Psql && _destination is not null)
                Command(word);
            else if (!optionsEnded && word == "--")
                optionsEnded = true;
            else if (!optionsEnded && word.StartsWith("--", StringComparison.Ordinal))
                Long(word);
            else if (!optionsEnded && word.Length > 1 && word[0] == '-')
                Cluster(word);
            else if (_destination is null)
                Destination(word);
            else
                Command(word);
        }
        if (IsAnswered)
            return new() { Form = form, Request = _request, QueryWord = _queryWord };
        if (_destination is null)
            throw new UsageException($"the destination is missing; write {LocalCommandForm.Example(form)}");
        if (_usesSystemLog && _logFile is not null)
            throw new UsageException("the options -y and -E both say where messages go; leave one of them out");
        Loudness();
        if (_isLocal)
            LocalCommandForm.Complete(form, _request, _options, _command);
        return new()
        {
            Form = form,
            Words = _isLocal ? [.. _command] : [],
            Request = _request,
            Destination = _destination,
            Options = [.. _options],
            Command = _isLocal ? "" : string.Join(' ', _command),
            StdioForward = _stdioForward,
            ControlWord = _controlWord,
            ConfigFile = _configFile,
            LogFile = _logFile,
            UsesSystemLog = _usesSystemLog,
            Owner = _owner,
            Verbosity = _verbosity,
        };
    }

    private void Destination(string word)
    {
        SshDestination destination;
        try
        {
            destination = SshDestination.Parse(word);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }

        _destination = destination.Host;
        if (destination.User is { } user)
            Add("destination", "User", user);
        if (destination.Port is { } port)
            Add("destination", "Port", port.ToString(CultureInfo.InvariantCulture));
    }

    private void Command(string first)
    {
        if (form is not CommandForm.Psql || first != "--")
            _command.Add(first);
        _command.AddRange(args.Skip(_at));
        _at = args.Count;
    }

    private void Long(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word : word[..equals];
        LongOption option = LongOption.Find(name) ?? throw new UsageException(
            $"unknown option {name}"
            + (Spelling.Nearest(name, LongOption.Names) is { } near ? $"; the nearest known one is {near}" : "; see adit --help"));
        if (_isLocal && LocalCommandForm.IsRefused(option))
            throw new UsageException($"the option {name} does not go with {LocalCommandForm.Name(form)}, which admits the command and its descendants");
        if (option.Argument is null)
        {
            if (equals >= 0)
                throw new UsageException($"the option {name} takes no value");
            _request = name == LongOption.Help ? CommandLineRequest.Help : CommandLineRequest.Version;
            return;
        }
        string argument = equals >= 0 ? word[(equals + 1)..]
            : _at < args.Count ? args[_at++]
            : throw new UsageException($"the option {name} needs its argument {option.Argument}");
        if (option.Keyword is { } keyword)
            Set(name, keyword, argument);
        else
            _owner = Pid(argument);
    }

    private static int Pid(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0
            ? pid
            : throw new UsageException($"{LongOption.Owner} cannot be \"{text}\": write the number of a process");

    private void Cluster(string word)
    {
        for (int i = 1; i < word.Length && !IsAnswered; i++)
        {
            SshOption option = SshOption.Find(word[i]) ?? throw Unknown(word[i]);
            if (option.Refusal is { } why)
                throw new UsageException($"the option -{option.Letter} is not served: {why}");
            if (_isLocal && LocalCommandForm.Refusal(option.Letter) is { } whyHere)
                throw new UsageException($"the option -{option.Letter} does not go with {LocalCommandForm.Name(form)}: {whyHere}");
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
            case '4': Set("-4", "AddressFamily", "inet"); break;
            case '6': Set("-6", "AddressFamily", "inet6"); break;
            case 'A': Set("-A", "ForwardAgent", "yes"); break;
            case 'a': Set("-a", "ForwardAgent", "no"); break;
            case 'C': Set("-C", "Compression", "yes"); break;
            case 'f': Set("-f", "ForkAfterAuthentication", "yes"); Set("-f", "StdinNull", "yes"); break;
            case 'G': _request = CommandLineRequest.Config; break;
            case 'g': Set("-g", "GatewayPorts", "yes"); break;
            case 'h': _request = CommandLineRequest.Help; break;
            case 'K': Set("-K", "GSSAPIAuthentication", "yes"); Set("-K", "GSSAPIDelegateCredentials", "yes"); break;
            case 'k': Set("-k", "GSSAPIDelegateCredentials", "no"); break;
            case 'M': Set("-M", "ControlMaster", Said("ControlMaster") is "yes" ? "ask" : "yes"); break;
            case 'N': Session("-N", "none"); Set("-N", "RequestTTY", "no"); break;
            case 'n': Set("-n", "StdinNull", "yes"); break;
            case 'q': _quiet = true; break;
            case 's': Session("-s", "subsystem"); break;
            case 'T': Set("-T", "RequestTTY", "no"); break;
            case 't': Set("-t", "RequestTTY", Said("RequestTTY") is "yes" ? "force" : "yes"); break;
            case 'V': _request = CommandLineRequest.Version; break;
            case 'v': _quiet = false; _verbosity = Math.Min(_verbosity + 1, MostVerbose); break;
            case 'X': Set("-X", "ForwardX11", "yes"); break;
            case 'x': Set("-x", "ForwardX11", "no"); break;
            case 'Y': Set("-Y", "ForwardX11", "yes"); Set("-Y", "ForwardX11Trusted", "yes"); break;
            case 'y': _usesSystemLog = true; break;
            // -2 asks for SSH-2.
            default: break;
        }
    }

    private void WithArgument(char letter, string argument)
    {
        switch (letter)
        {
            case 'B': Set("-B", "BindInterface", argument); break;
            case 'b': Set("-b", "BindAddress", argument); break;
            case 'c': Set("-c", "Ciphers", argument); break;
            case 'D': Add("-D", "DynamicForward", argument); break;
            case 'E': _logFile = argument; break;
            case 'e': Set("-e", "EscapeChar", argument); break;
            case 'F': _configFile = argument; break;
            case 'i': Add("-i", "IdentityFile", argument); break;
            case 'J': Jump(argument); break;
            case 'L': Add("-L", "LocalForward", _isLocal ? LocalCommandForm.WithListener(argument) : argument); break;
            case 'l': Add("-l", "User", argument); break;
            case 'm': Set("-m", "MACs", argument); break;
            case 'O': Control(argument); break;
            case 'P': Add("-P", "Tag", argument); break;
            case 'p': Add("-p", "Port", argument); break;
            case 'Q': (_request, _queryWord) = (CommandLineRequest.Query, argument); break;
            case 'R': Add("-R", "RemoteForward", argument); break;
            case 'S': Set("-S", "ControlPath", argument); break;
            case 'W': Stdio(argument); break;
            default: Keyword(argument); break;
        }
    }

    private void Jump(string argument)
    {
        if (Said("ProxyJump") is not null)
            throw new UsageException("the option -J was given already; write several hosts with commas between them");
        if (Said("ProxyCommand") is not null)
            throw new UsageException("the option -J and ProxyCommand both say how to connect; leave one of them out");
        Add("-J", "ProxyJump", argument);
    }

    private void Control(string argument)
    {
        if (_stdioForward is not null)
            throw new UsageException("the options -O and -W do not go together");
        if (_controlWord.Length > 0)
            throw new UsageException("the option -O was given already");
        if (!ControlWords.Contains(argument, StringComparer.Ordinal))
        {
            throw new UsageException(
                $"the option -O cannot be \"{argument}\": write one of {string.Join(", ", ControlWords)}"
                + (Spelling.Nearest(argument, ControlWords) is { } near ? $"; the nearest is {near}" : ""));
        }
        _controlWord = argument;
        // -G shows what holds, and does nothing, wherever it stands.
        if (_request is not CommandLineRequest.Config)
            _request = CommandLineRequest.Control;
    }

    private void Stdio(string argument)
    {
        if (_stdioForward is not null)
            throw new UsageException("the option -W was given already");
        if (_controlWord.Length > 0)
            throw new UsageException("the options -O and -W do not go together");
        try
        {
            _stdioForward = ForwardSpec.ParseStdio(argument);
        }
        catch (FormatException e)
        {
            throw new UsageException($"-W: {e.Message}");
        }
        Set("-W", "SessionType", "none");
        Set("-W", "RequestTTY", "no");
    }

    private void Session(string option, string type)
    {
        if (Said("SessionType") is { } other && !other.Equals(type, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"the option {option} does not go together with a session of type {other}");
        Set(option, "SessionType", type);
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

    /// <summary>For options of which the first counts, and those that add up.</summary>
    private void Add(string option, string keyword, string argument) => _options.Add(ConfigLine.Option(option, keyword, argument));

    /// <summary>For options that outdo what stands in front of them, -o included.</summary>
    private void Set(string option, string keyword, string argument)
    {
        _options.RemoveAll(line => line.Keyword.Equals(keyword, StringComparison.OrdinalIgnoreCase));
        Add(option, keyword, argument);
    }

    /// <summary>What was said so far, in lower case.</summary>
    private string? Said(string keyword) =>
        _options.Find(line => line.Keyword.Equals(keyword, StringComparison.OrdinalIgnoreCase))?.Arguments[0].ToLowerInvariant();

    private static UsageException Unknown(char letter) => new(
        $"unknown option -{letter}"
        + (SshOption.FindNear(letter) is { } near ? $"; the nearest known one is -{near.Letter}" : "; see adit --help"));
}
