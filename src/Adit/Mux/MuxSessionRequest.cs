namespace Adit.Mux;

/// <summary>A session that a client wants the master to run. Immutable.</summary>
internal sealed record MuxSessionRequest
{
    /// <summary>Whether the server is to give it a pseudo-terminal. The modes and size are those of the client's input, also when it changes: the client passes SIGWINCH on to the master's process.</summary>
    public bool WantsTerminal { get; init; }

    /// <summary>Whether X11 is to be forwarded.</summary>
    public bool WantsX11 { get; init; }

    /// <summary>Whether the agent is to be forwarded.</summary>
    public bool WantsAgent { get; init; }

    /// <summary>Whether <see cref="Command"/> names a subsystem.</summary>
    public bool IsSubsystem { get; init; }

    /// <summary>The escape character, heeded where there is a terminal; null for none.</summary>
    public char? EscapeChar { get; init; }

    /// <summary>The client's <c>TERM</c>; possibly empty.</summary>
    public string Terminal { get; init; } = string.Empty;

    /// <summary>The command; empty for a shell.</summary>
    public string Command { get; init; } = string.Empty;

    /// <summary>Variables as <c>NAME=value</c> that the client wants to be set. The master's SendEnv decides which it sends on.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];
}
