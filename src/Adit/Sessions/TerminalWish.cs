namespace Adit.Sessions;

/// <summary>Whether a session is to have a terminal, ssh_config(5) RequestTTY, <c>-T</c> and <c>-t</c>.</summary>
internal enum TerminalWish
{
    /// <summary>For a shell on a terminal.</summary>
    Auto = 0,

    /// <summary>Never: <c>-T</c>.</summary>
    No,

    /// <summary>Where standard input is a terminal: <c>-t</c>.</summary>
    Yes,

    /// <summary>Always: <c>-tt</c>.</summary>
    Force,
}

/// <summary>What a <see cref="TerminalWish"/> comes to.</summary>
internal static class TerminalWishes
{
    /// <summary>What the option <c>-t</c> makes of a wish: given twice, it forces.</summary>
    public static TerminalWish Once(this TerminalWish wish) => wish is TerminalWish.Yes ? TerminalWish.Force : TerminalWish.Yes;

    /// <summary>Whether a session gets a terminal.</summary>
    /// <param name="wish">What was asked for.</param>
    /// <param name="hasCommand">Whether there is a command, RemoteCommand included, or a subsystem.</param>
    /// <param name="inputIsTerminal">Whether standard input is a terminal.</param>
    /// <param name="inputIsNull">Whether the session gets no input, as with <c>-n</c>.</param>
    public static TerminalDecision Decide(this TerminalWish wish, bool hasCommand, bool inputIsTerminal, bool inputIsNull)
    {
        bool wanted = wish switch
        {
            TerminalWish.No => false,
            TerminalWish.Auto => !hasCommand,
            _ => true,
        };
        if (!wanted)
            return TerminalDecision.None;
        if (wish is TerminalWish.Force)
            return TerminalDecision.Required;
        if (!inputIsTerminal || inputIsNull)
            return TerminalDecision.Denied;
        return wish is TerminalWish.Yes ? TerminalDecision.Required : TerminalDecision.Wanted;
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
