using System.Runtime.Versioning;
using Adit.Relay;
using Adit.Ssh.Connection;

namespace Adit.Mux;

/// <summary>
/// The connection that a master shares, as its clients need it. Safe for concurrent calls. What fails is told by an
/// <see cref="IOException"/>, <see cref="Ssh.SshException"/> or <see cref="FormatException"/>, whose message the client shows its user.
/// </summary>
[SupportedOSPlatform("linux")]
internal interface IMuxTarget
{
    /// <summary>Dials from the server, for stdio forwards.</summary>
    IDialer Dialer { get; }

    /// <summary>The connection itself, for clients that speak its protocol (<c>-O proxy</c>); null refuses them.</summary>
    SshConnection? Connection { get; }

    /// <summary>Opens a forward. One that is there already is left as it is, and counts as opened.</summary>
    /// <returns>The port, where it was to be chosen (port 0); else null.</returns>
    ValueTask<int?> OpenForwardAsync(MuxForward forward, CancellationToken cancellationToken);

    /// <summary>Ends a forward, named by the words with which it was opened: port 0 where that was chosen. Its connections go on.</summary>
    ValueTask CloseForwardAsync(MuxForward forward, CancellationToken cancellationToken);

    /// <summary>Opens a session channel and starts what is asked for.</summary>
    /// <param name="request">What is to run.</param>
    /// <param name="streams">The client's standard streams. They are the session's until it is disposed, and then closed by the caller.</param>
    /// <param name="cancellationToken">The client went away.</param>
    ValueTask<IMuxSession> OpenSessionAsync(MuxSessionRequest request, MuxStandardStreams streams, CancellationToken cancellationToken);

    /// <summary>A text about the connection for <c>-O conninfo</c>, lines ended.</summary>
    string DescribeConnection();

    /// <summary>A text about the channels for <c>-O channels</c>, lines ended.</summary>
    string DescribeChannels();

    /// <summary>All about the tunnel, for <c>adit ls</c>: JSON in one line.</summary>
    string DescribeTunnel();

    /// <summary>A client asked for the end of all (<c>-O exit</c>), and was told that it comes. Returns at once: the master waits for this call when it is disposed.</summary>
    void Terminate();
}

/// <summary>A session of a client's that was opened.</summary>
internal interface IMuxSession : IAsyncDisposable
{
    /// <summary>Runs it to its end, all output written.</summary>
    /// <param name="terminalRefused">To be called once if the server gave it no terminal, though one was wanted.</param>
    /// <param name="cancellationToken">The client went away: the session ends.</param>
    /// <returns>What the command returned, as ssh does: 255 where it ended by a signal. Null where the connection was lost before that.</returns>
    Task<int?> RunAsync(Func<ValueTask> terminalRefused, CancellationToken cancellationToken);
}
