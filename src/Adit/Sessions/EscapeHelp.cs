using System.Text;

namespace Adit.Sessions;

/// <summary>What <c>~?</c> and the help of <c>~C</c> say.</summary>
internal static class EscapeHelp
{
    private static readonly (Escape Escape, string Key, string Text)[] Entries =
    [
        (Escape.Disconnect, ".", "end the session"),
        (Escape.Break, "B", "send a break"),
        (Escape.CommandLine, "C", "open the command line"),
        (Escape.ShowConnection, "I", "tell about the connection"),
        (Escape.Rekey, "R", "exchange keys anew"),
        (Escape.SayLess, "V", "log less"),
        (Escape.SayMore, "v", "log more"),
        (Escape.Suspend, "^Z", "stop adit until it is continued"),
        (Escape.ListConnections, "#", "list the open connections"),
        (Escape.Background, "&", "go on in the background until the last connection is closed"),
        (Escape.Help, "?", "this help"),
    ];

    /// <summary>What is typed behind the escape character.</summary>
    public static string Key(Escape escape) => Entries.First(entry => entry.Escape == escape).Key;

    /// <summary>Whether it is left out in a session that shares another process's connection.</summary>
    public static bool NeedsOwnConnection(Escape escape) =>
        escape is Escape.Suspend or Escape.Background or Escape.CommandLine or Escape.SayLess or Escape.SayMore;

    /// <summary>The sequences that there are, a line each, which ends with CR LF.</summary>
    public static string Text(char character, ISessionActions actions)
    {
        var text = new StringBuilder("Supported escape sequences:\r\n");
        foreach ((Escape escape, string key, string meaning) in Entries)
        {
            bool isOff = (actions.IsMultiplexed && NeedsOwnConnection(escape))
                || (escape is Escape.CommandLine && !actions.AllowsCommandLine)
                || (escape is Escape.SayLess or Escape.SayMore && !actions.LogsToTerminal);
            if (!isOff)
                text.Append(' ').Append(character).Append(key.PadRight(3)).Append(" - ").Append(meaning).Append("\r\n");
        }

        return text.Append(' ').Append(character).Append(character).Append("   - send the escape character\r\n(They count only at the start of a line.)\r\n").ToString();
    }

    /// <summary>The commands that there are, the last line without its end.</summary>
    public static string CommandLine(bool allowsLocalCommands) => string.Join("\r\n", (string[])
    [
        "Commands:",
        "      -L[bind_address:]port:host:hostport    local forward",
        "      -R[bind_address:]port:host:hostport    remote forward",
        "      -D[bind_address:]port                  dynamic forward",
        "      -KL[bind_address:]port                 end a local forward",
        "      -KR[bind_address:]port                 end a remote forward",
        "      -KD[bind_address:]port                 end a dynamic forward",
        .. allowsLocalCommands ? ["      !command                               run a command on this side"] : (string[])[],
    ]);
}
