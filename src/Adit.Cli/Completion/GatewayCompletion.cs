using Adit.Gateway.Configuration;

namespace Adit.Cli.Completion;

/// <summary>Completes the command line of <c>adit gateway</c>.</summary>
internal static class GatewayCompletion
{
    internal static Candidates Complete(IReadOnlyList<string> before, string typed)
    {
        char? pending = null;
        foreach (string word in before)
            pending = pending is null && WithArgument(word) is ({ } option, var at) && at == word.Length ? option.Letter : null;
        if (pending is { } letter)
            return Value(letter, typed);
        if (typed is "" or "-" or ['-', '-', ..])
            return Candidates.Of(typed, [.. GatewayOption.Table.Select(static option => $"-{option.Letter}"), GatewayCommandLine.Hash, GatewayCommandLine.Help]);
        if (WithArgument(typed) is ({ } attached, var start) && start < typed.Length)
            return Candidates.Past(typed, start, value => Value(attached.Letter, value));
        return Candidates.None;
    }

    private static (GatewayOption? Option, int At) WithArgument(string word)
    {
        for (int i = 1; i < word.Length && word is ['-', not '-', ..]; i++)
        {
            if (GatewayOption.Find(word[i]) is { Argument: not null } option)
                return (option, i + 1);
        }
        return (null, 0);
    }

    private static Candidates Value(char letter, string typed) => GatewayOption.Find(letter)?.Argument switch
    {
        "configfile" or "log_file" or "host_key_file" => Candidates.Files,
        "option" => KeywordCompletion.Complete(
            typed, SshdKeywords.Table.Where(static keyword => keyword.Fate is KeywordFate.Served).Select(static keyword => keyword.Keyword), static () => []),
        _ => Candidates.None,
    };
}
