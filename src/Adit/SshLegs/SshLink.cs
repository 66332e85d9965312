using Adit.Platform;
using Adit.Relay;
using Adit.Ssh.Connection;

namespace Adit.SshLegs;

/// <summary>
/// One SSH connection as a leg of tunnels: made over any dialer, another link's included (a jump). Its owner disposes it; with it go all
/// connections through it.
/// </summary>
internal sealed class SshLink : IAsyncDisposable
{
    private readonly IReadOnlyList<IAsyncDisposable> _owned;

    private SshLink(SshConnection connection, Route route, Machine machine, RemoteListening remote, IReadOnlyList<IAsyncDisposable> owned)
    {
        Connection = connection;
        Route = route;
        Machine = machine;
        Remote = remote;
        Dialer = new(this);
        _owned = owned;
    }

    /// <summary>The SSH connection.</summary>
    public SshConnection Connection { get; }

    /// <summary>The way to the server, this SSH leg the last one.</summary>
    public Route Route { get; }

    /// <summary>The server's machine, from where targets are dialled.</summary>
    public Machine Machine { get; }

    /// <summary>Dials targets from the server.</summary>
    public SshDialer Dialer { get; }

    /// <summary>Has the server listen.</summary>
    internal RemoteListening Remote { get; }

    /// <summary>Connects to a server and logs in.</summary>
    /// <param name="server">Where the server listens.</param>
    /// <param name="name">What people call the server.</param>
    /// <param name="under">Makes the connection that SSH runs over.</param>
    /// <param name="options">How to log in.</param>
    /// <param name="verification">How the host key was verified, asked for once it was.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="DialException">The server cannot be reached.</exception>
    /// <exception cref="Ssh.SshException">The server was reached, and the connection could not be made; see <see cref="SshClient.ConnectAsync"/>.</exception>
    public static async Task<SshLink> ConnectAsync(
        Endpoint server, string name, IDialer under, SshClientOptions options, Func<string> verification, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(under);
        ArgumentNullException.ThrowIfNull(verification);
        DialedConnection dialed = await under.DialAsync(server, ConnectionOrigin.ThisProcess, cancellationToken).ConfigureAwait(false);
        return await ConnectAsync(dialed, server, name, options, verification, [], cancellationToken).ConfigureAwait(false);
    }

    private const string OwnServer = "SSH-2.0-Adit_";

    // The connection under it belongs to the link from the call on; so does what is owned besides, such as another link, once it is made.
    internal static async Task<SshLink> ConnectAsync(
        DialedConnection dialed,
        Endpoint server,
        string name,
        SshClientOptions options,
        Func<string> verification,
        IReadOnlyList<IAsyncDisposable> owned,
        CancellationToken cancellationToken)
    {
        var remote = new RemoteListening(options.Handler);
        Stream stream = dialed.Duplex.AsStream();
        SshConnection connection = await SshClient.ConnectAsync(stream, WithLoop(options) with { Handler = remote }, cancellationToken).ConfigureAwait(false);

        // Our own server sends at once. Others keep a small packet back until the one before it is acknowledged.
        if (stream is SocketStream socket && !connection.Info.PeerIdentification.StartsWith(OwnServer, StringComparison.Ordinal))
            socket.AcknowledgesAtOnce = true;
        Leg plain = dialed.Route.Legs[^1];
        var leg = new Leg(plain.From, server.ToString(), LegProtection.Ssh) { Verification = verification(), Within = plain.Within };
        remote.Attach(connection, new(name, Machine.ThisName, LegProtection.Ssh) { Verification = leg.Verification });
        return new(connection, dialed.Route.EndingIn(leg), new Machine(name, server.Host ?? name), remote, owned);
    }

    private static SshClientOptions WithLoop(SshClientOptions options) =>
        OperatingSystem.IsLinux() ? options with { Connection = options.Connection with { Later = SocketLoop.TryDefer } } : options;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync().ConfigureAwait(false);
        await Remote.DisposeAsync().ConfigureAwait(false);
        foreach (IAsyncDisposable one in _owned)
            await one.DisposeAsync().ConfigureAwait(false);
    }
}
