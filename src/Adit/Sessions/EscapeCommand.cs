namespace Adit.Sessions;

/// <summary>What a line of <c>~C</c> asks for.</summary>
internal enum EscapeCommandKind
{
    /// <summary>An empty line.</summary>
    Nothing = 0,

    /// <summary>No command that there is.</summary>
    Invalid,

    /// <summary><c>help</c>, <c>?</c></summary>
    Help,

    /// <summary><c>-L</c></summary>
    LocalForward,

    /// <summary><c>-R</c></summary>
    RemoteForward,

    /// <summary><c>-D</c></summary>
    DynamicForward,

    /// <summary><c>-KL</c></summary>
    CancelLocalForward,

    /// <summary><c>-KR</c></summary>
    CancelRemoteForward,

    /// <summary><c>-KD</c></summary>
    CancelDynamicForward,

    /// <summary><c>!command</c></summary>
    LocalCommand,
}

/// <summary>A line of the command line that <c>~C</c> opens, ssh(1) ESCAPE CHARACTERS.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Argument">The forward, as on the command line of ssh, or the command.</param>
internal sealed record EscapeCommand(EscapeCommandKind Kind, string Argument)
{
    private const int MaxLength = 4096;

    /// <summary>Reads a line. The dash in front may be left out.</summary>
    /// <param name="line">What was typed.</param>
    /// <param name="allowsLocalCommands">Whether <c>!</c> is a command.</param>
    public static EscapeCommand Parse(string line, bool allowsLocalCommands)
    {
        string rest = line.TrimStart();
        if (rest.StartsWith('-'))
            rest = rest[1..];
        if (rest.Length is 0 or > MaxLength)
            return new(rest.Length == 0 ? EscapeCommandKind.Nothing : EscapeCommandKind.Invalid, string.Empty);
        if (rest[0] is 'h' or 'H' or '?')
            return new(EscapeCommandKind.Help, string.Empty);
        if (rest[0] is '!' && allowsLocalCommands)
            return new(EscapeCommandKind.LocalCommand, rest[1..].Trim());
        bool cancels = rest[0] is 'K';
        if (cancels)
            rest = rest[1..];
        EscapeCommandKind kind = (rest.Length == 0 ? '\0' : rest[0], cancels) switch
        {
            ('L', false) => EscapeCommandKind.LocalForward,
            ('R', false) => EscapeCommandKind.RemoteForward,
            ('D', false) => EscapeCommandKind.DynamicForward,
            ('L', true) => EscapeCommandKind.CancelLocalForward,
            ('R', true) => EscapeCommandKind.CancelRemoteForward,
            ('D', true) => EscapeCommandKind.CancelDynamicForward,
            _ => EscapeCommandKind.Invalid,
        };
        return new(kind, kind is EscapeCommandKind.Invalid ? string.Empty : rest[1..].Trim());
    }
}
