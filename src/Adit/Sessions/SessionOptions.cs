namespace Adit.Sessions;

/// <summary>What a session runs, RFC 4254 section 6.5.</summary>
internal enum SessionKind
{
    /// <summary>The user's shell.</summary>
    Shell = 0,

    /// <summary>A command, which the user's shell runs.</summary>
    Command,

    /// <summary>A subsystem by its name, such as sftp.</summary>
    Subsystem,
}

/// <summary>What a session is to be. Immutable; checked when the session is opened.</summary>
internal sealed record SessionOptions
{
    /// <summary>What it runs. Default the shell.</summary>
    public SessionKind Kind { get; init; }

    /// <summary>The command, or the subsystem's name; empty for a shell.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>The terminal that it runs on; null, the default, for none.</summary>
    public SessionTerminal? Terminal { get; init; }

    /// <summary>Variables for what it runs, in order. The server takes those that it is told to take. Default none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <exception cref="ArgumentException">A value is missing, or has a NUL in it.</exception>
    internal void Validate()
    {
        if (Kind is SessionKind.Shell != (Text.Length == 0))
            throw new ArgumentException(Kind is SessionKind.Shell ? "a shell has no text" : "what to run is missing", nameof(Text));
        if (Text.Contains('\0', StringComparison.Ordinal) || Environment.Any(static variable => (variable.Key + variable.Value).Contains('\0', StringComparison.Ordinal)))
            throw new ArgumentException("a NUL is no part of a command, nor of a variable", nameof(Text));
    }
}

/// <summary>The terminal of a session, RFC 4254 section 6.2.</summary>
internal sealed record SessionTerminal
{
    /// <summary>Its kind, as in TERM. Default empty.</summary>
    public string Term { get; init; } = string.Empty;

    /// <summary>Its size. Default unknown.</summary>
    public TerminalSize Size { get; init; }

    /// <summary>Its modes by their opcodes, RFC 4254 section 8. Default those of the server.</summary>
    public IReadOnlyList<KeyValuePair<byte, uint>> Modes { get; init; } = [];

    /// <summary>Whether there is to be no session without it, as when it was asked for expressly. Default no.</summary>
    public bool IsRequired { get; init; }
}

/// <summary>The size of a terminal; 0 is unknown.</summary>
/// <param name="Columns">Width in characters.</param>
/// <param name="Rows">Height in characters.</param>
/// <param name="PixelWidth">Width in pixels.</param>
/// <param name="PixelHeight">Height in pixels.</param>
internal readonly record struct TerminalSize(int Columns, int Rows, int PixelWidth, int PixelHeight);
