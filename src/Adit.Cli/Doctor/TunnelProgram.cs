namespace Adit.Cli.Doctor;

/// <summary>The programs that make tunnels, and what their command lines say of forwards.</summary>
internal static class TunnelProgram
{
    private const string Adit = "adit";
    private static readonly string[] Foreign = ["ssh", "autossh", "plink", "dbclient"];
    private static readonly string[] ForwardKeywords = ["LOCALFORWARD", "REMOTEFORWARD", "DYNAMICFORWARD"];

    /// <summary>Whether it is a program of somebody else's that makes tunnels.</summary>
    public static bool IsForeign(ProcProcess process) => Foreign.Contains(process.Name, StringComparer.Ordinal);

    /// <summary>Whether it makes tunnels. A gateway listens for others by its very purpose, and is none.</summary>
    public static bool Makes(ProcProcess process) => IsForeign(process) || (process.Name == Adit && process.Arguments is not [_, "gateway", ..]);

    /// <summary>The forwards on a command line, such as <c>-L 5432:localhost:5432</c>.</summary>
    public static IReadOnlyList<string> Forwards(ProcProcess process)
    {
        if (!IsForeign(process))
            return [];
        // The words of the others' options differ from ssh's, those of forwards do not.
        return process.Name == "ssh" ? ReadAsSsh(process.Arguments) : ReadAnywhere(process.Arguments);
    }

    // As getopt reads it: options go on behind the destination, up to the command.
    private static List<string> ReadAsSsh(IReadOnlyList<string> words)
    {
        var forwards = new List<string>();
        bool hasDestination = false;
        for (int at = 1; at < words.Count; at++)
        {
            string word = words[at];
            if (word is not ['-', _, ..] || word == "--")
            {
                if (hasDestination)
                    break;
                hasDestination |= word != "--";
                continue;
            }

            for (int i = 1; i < word.Length; i++)
            {
                if (SshOption.Find(word[i]) is not { Argument: not null })
                    continue;
                string argument = i + 1 < word.Length ? word[(i + 1)..] : at + 1 < words.Count ? words[++at] : "";
                if (word[i] is 'L' or 'R' or 'D')
                    forwards.Add($"-{word[i]} {argument}");
                else if (word[i] is 'o' && IsForwardKeyword(argument))
                    forwards.Add($"-o {argument}");
                break;
            }
        }

        return forwards;
    }

    private static bool IsForwardKeyword(string option) =>
        ForwardKeywords.Contains(option.AsSpan()[..(option.AsSpan().IndexOfAny("= \t") is var end and >= 0 ? end : option.Length)].Trim().ToString().ToUpperInvariant());

    private static List<string> ReadAnywhere(IReadOnlyList<string> words)
    {
        var forwards = new List<string>();
        for (int at = 1; at < words.Count; at++)
        {
            if (words[at] is "-L" or "-R" or "-D" && at + 1 < words.Count)
                forwards.Add($"{words[at]} {words[++at]}");
            else if (words[at] is ['-', 'L' or 'R' or 'D', _, ..])
                forwards.Add($"{words[at].AsSpan(0, 2)} {words[at].AsSpan(2)}");
        }

        return forwards;
    }
}
