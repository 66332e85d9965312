using Adit.OpenSsh;

namespace Adit.Sessions;

/// <summary>What a <see cref="RequestTty"/> comes to.</summary>
internal static class TerminalDecisions
{
    /// <summary>Whether a session gets a terminal.</summary>
    /// <param name="wish">What was asked for.</param>
    /// <param name="hasCommand">Whether there is a command, RemoteCommand included, or a subsystem.</param>
    /// <param name="inputIsTerminal">Whether standard input is a terminal.</param>
    /// <param name="inputIsNull">Whether the session gets no input, as with <c>-n</c>.</param>
    public static TerminalDecision Decide(this RequestTty wish, bool hasCommand, bool inputIsTerminal, bool inputIsNull)
    {
        bool wanted = wish switch
        {
            RequestTty.No => false,
            RequestTty.Auto => !hasCommand,
            _ => true,
        };
        if (!wanted)
            return TerminalDecision.None;
        if (wish is RequestTty.Force)
            return TerminalDecision.Required;
        if (!inputIsTerminal || inputIsNull)
            return TerminalDecision.Denied;
        return wish is RequestTty.Yes ? TerminalDecision.Required : TerminalDecision.Wanted;
    }
}

/// <summary>Whether a session gets a terminal.</summary>
internal enum TerminalDecision
{
    /// <summary>None was wanted.</summary>
    None = 0,

    /// <summary>None, since standard input is no terminal, which ssh says aloud.</summary>
    Denied,

    /// <summary>One, if the server gives it.</summary>
    Wanted,

    /// <summary>One, and no session without it, since it was asked for expressly.</summary>
    Required,
}
