namespace Adit.Sessions;

/// <summary>
/// What escape sequences do. Called one at a time, while no input of the session is read: whoever asks a question here has the terminal
/// for itself.
/// </summary>
internal interface ISessionActions
{
    /// <summary>Whether the session is one of several that share a connection by way of another process, which leaves some sequences out.</summary>
    bool IsMultiplexed { get; }

    /// <summary>Whether <c>~C</c> is allowed, ssh_config(5) EnableEscapeCommandline.</summary>
    bool AllowsCommandLine { get; }

    /// <summary>Whether the command line may run commands on this side, ssh_config(5) PermitLocalCommand.</summary>
    bool AllowsLocalCommands { get; }

    /// <summary>Whether the log is on the terminal, so that its level may be changed from there.</summary>
    bool LogsToTerminal { get; }

    /// <summary>Shows a text, whose lines end with CR LF, on the errors' end of the session.</summary>
    ValueTask SayAsync(string text, CancellationToken cancellationToken);

    /// <summary>Ends the session, and the connection unless it is shared by way of another process.</summary>
    void Disconnect();

    /// <summary>Stops this process until it is continued, with the terminal as it was before, and tells the server the size behind it.</summary>
    ValueTask SuspendAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Goes on without the terminal until the last connection is closed, and listens for no new ones. The session's input ends behind it.
    /// False where that is not possible, and was said.
    /// </summary>
    ValueTask<bool> BackgroundAsync(CancellationToken cancellationToken);

    /// <summary>The connections that are open.</summary>
    IReadOnlyList<OpenConnection> Connections();

    /// <summary>What was agreed with the server, in lines that end with CR LF.</summary>
    string Connection();

    /// <summary>Sends a break.</summary>
    void Break();

    /// <summary>Has keys exchanged anew.</summary>
    void Rekey();

    /// <summary>Changes how much is logged by one level, up or down, within the levels that there are.</summary>
    /// <returns>The name of the level that counts from now on.</returns>
    string ChangeLogLevel(bool more);

    /// <summary>Shows a prompt and reads a line, with the terminal as it was before the session. Null when the user gives up.</summary>
    ValueTask<string?> AskAsync(string prompt, CancellationToken cancellationToken);

    /// <summary>Does what the command line says: a forward made or ended, a command run.</summary>
    /// <returns>What came of it, in a line for people; empty for nothing to say.</returns>
    ValueTask<string> RunAsync(EscapeCommand command, CancellationToken cancellationToken);
}
