using Adit.OpenSsh;

namespace Adit.Cli.Completion;

/// <summary>Completes the command line of ssh(1), of <c>adit run</c> and of <c>adit psql</c>; reads it as <see cref="SshCommandLineParser"/> does.</summary>
internal sealed class SshCompletion
{
    private readonly CommandForm _form;
    private readonly NearbyNames _names;
    private Func<string, Candidates>? _argument;
    private string? _configFile;
    private bool _fileIsNext;
    private bool _optionsEnded;
    private bool _hasDestination;
    private bool _hasCommand;

    private SshCompletion(CommandForm form, NearbyNames names) => (_form, _names) = (form, names);

    private bool IsLocal => _form is not CommandForm.Ssh;

    /// <summary>Completes a word.</summary>
    /// <param name="form">How the command line is put together.</param>
    /// <param name="before">The words in front, without the name of a subcommand.</param>
    /// <param name="typed">The word.</param>
    /// <param name="names">The names to choose from.</param>
    internal static Candidates Complete(CommandForm form, IEnumerable<string> before, string typed, NearbyNames names)
    {
        var line = new SshCompletion(form, names);
        foreach (string word in before)
            line.Take(word);
        return line.Complete(typed);
    }

    private void Take(string word)
    {
        if (_argument is not null)
        {
            if (_fileIsNext)
                _configFile = word;
            (_argument, _fileIsNext) = (null, false);
        }
        else if (_hasCommand || (_form is CommandForm.Psql && _hasDestination))
        {
            _hasCommand = true;
        }
        else if (!_optionsEnded && word == "--")
        {
            _optionsEnded = true;
        }
        else if (!_optionsEnded && word.StartsWith("--", StringComparison.Ordinal))
        {
            if (LongOption.Find(word) is { Argument: not null } option)
                _argument = typed => Value(option, typed);
        }
        else if (!_optionsEnded && word is ['-', _, ..])
        {
            TakeCluster(word);
        }
        else
        {
            _hasCommand = _hasDestination;
            _hasDestination = true;
        }
    }

    private void TakeCluster(string word)
    {
        if (WithArgument(word) is not ({ } option, var at))
            return;
        bool isNext = at == word.Length;
        if (isNext)
            _argument = typed => Value(option, typed);
        if (option.Letter == 'F')
            (_fileIsNext, _configFile) = (isNext, isNext ? _configFile : word[at..]);
    }

    private Candidates Complete(string typed)
    {
        if (_argument is not null)
            return _argument(typed);
        if (_hasCommand || (_form is CommandForm.Psql && _hasDestination))
            return IsLocal ? Candidates.Files : Candidates.None;
        if (!_optionsEnded && typed.StartsWith('-'))
            return Option(typed);
        if (!_hasDestination)
            return HostCompletion.Destination(typed, Hosts());
        return IsLocal ? Candidates.Programs : Candidates.None;
    }

    private Candidates Option(string typed)
    {
        if (typed.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && LongOption.Find(typed[..equals]) is { Argument: not null } named)
            return Candidates.Past(typed, equals + 1, value => Value(named, value));
        if (typed is "-" or ['-', '-', ..])
            return Candidates.Of(typed, Letters().Concat(LongNames()));
        if (WithArgument(typed) is ({ } option, var at) && at < typed.Length)
            return Candidates.Past(typed, at, value => Value(option, value));
        // It is whole already, if all its letters are known.
        return typed.Skip(1).All(static letter => SshOption.Find(letter) is { Refusal: null }) ? Candidates.Of(typed, [typed]) : Candidates.None;
    }

    private IEnumerable<string> Letters() =>
        from option in SshOption.Table
        where option.Refusal is null && !(IsLocal && LocalCommandForm.Refusal(option.Letter) is not null)
        select $"-{option.Letter}";

    private IEnumerable<string> LongNames() =>
        from option in LongOption.Table
        where !(IsLocal && LocalCommandForm.IsRefused(option))
        select option.Argument is null ? option.Name : option.Name + "=";

    // The first letter of a cluster that has an argument, and where that begins.
    private static (SshOption? Option, int At) WithArgument(string cluster)
    {
        for (int i = 1; i < cluster.Length; i++)
        {
            if (SshOption.Find(cluster[i]) is { Argument: not null } option)
                return (option, i + 1);
        }
        return (null, 0);
    }

    private Candidates Value(LongOption option, string typed) =>
        option.Keyword is { } name && Keywords.Find(name) is { } keyword ? KeywordCompletion.Value(keyword, typed, Hosts) : Candidates.None;

    private Candidates Value(SshOption option, string typed) => option switch
    {
        { Argument: "identity_file" or "configfile" or "log_file" or "ctl_path" } => Candidates.Files,
        { Argument: "cipher_spec" } => KeywordCompletion.Algorithms(typed, AlgorithmQuery.Lines("cipher")),
        { Argument: "mac_spec" } => KeywordCompletion.Algorithms(typed, AlgorithmQuery.Lines("mac")),
        { Argument: "ctl_cmd" } => Candidates.Of(typed, SshCommandLineParser.ControlWords),
        { Argument: "query_option" } => Candidates.Of(typed, AlgorithmQuery.Words),
        { Argument: "option" } => KeywordCompletion.Complete(typed, Keywords.Table.Where(static keyword => keyword.IsServed), Hosts),
        { Argument: "destination" } => HostCompletion.Jumps(typed, Hosts()),
        { Argument: "host:port" } => HostCompletion.Target(typed, Hosts()),
        { Argument: "address" } => HostCompletion.Forward(typed, Hosts(), mayBeTarget: IsLocal && option.Letter == 'L'),
        _ => Candidates.None,
    };

    private IEnumerable<string> Hosts() => _names.Hosts(_configFile);
}
