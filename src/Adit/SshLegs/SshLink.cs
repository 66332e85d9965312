using Adit.Relay;
using Adit.Ssh.Connection;

namespace Adit.SshLegs;

/// <summary>
/// One SSH connection as a leg of tunnels: made over any dialer, another link's included (a jump). Its owner disposes it; with it go all
/// connections through it.
/// </summary>
public sealed class SshLink : IAsyncDisposable
{
    private readonly IAsyncDisposable? _under;

    private SshLink(SshConnection connection, Route route, Machine machine, RemoteListening remote, IAsyncDisposable? under)
    {
        Connection = connection;
        Route = route;
        Machine = machine;
        Remote = remote;
        Dialer = new(this);
        _under = under;
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
    public static Task<SshLink> ConnectAsync(
        Endpoint server, string name, IDialer under, SshClientOptions options, Func<string> verification, CancellationToken cancellationToken) =>
        ConnectAsync(server, name, under, null, options, verification, cancellationToken);

    // What it runs over, such as another link, is disposed after it, and when connecting fails.
    internal static async Task<SshLink> ConnectAsync(
        Endpoint server,
        string name,
        IDialer under,
        IAsyncDisposable? owned,
        SshClientOptions options,
        Func<string> verification,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(under);
        ArgumentNullException.ThrowIfNull(verification);
        try
        {
            return await ConnectOverAsync(server, name, under, owned, options, verification, cancellationToken).ConfigureAwait(false);
        }
        catch when (owned is not null)
        {
            await owned.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync().ConfigureAwait(false);
        await Remote.DisposeAsync().ConfigureAwait(false);
        if (_under is not null)
            await _under.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<SshLink> ConnectOverAsync(
        Endpoint server,
        string name,
        IDialer under,
        IAsyncDisposable? owned,
        SshClientOptions options,
        Func<string> verification,
        CancellationToken cancellationToken)
    {
        DialedConnection dialed = await under.DialAsync(server, ConnectionOrigin.ThisProcess, cancellationToken).ConfigureAwait(false);
        var remote = new RemoteListening(options.Handler);
        SshConnection connection = await SshClient.ConnectAsync(dialed.Duplex.AsStream(), options with { Handler = remote }, cancellationToken)
            .ConfigureAwait(false);
        Leg plain = dialed.Route.Legs[^1];
        var leg = new Leg(plain.From, server.ToString(), LegProtection.Ssh) { Verification = verification(), Within = plain.Within };
        var route = new Route([.. dialed.Route.Legs.SkipLast(1), leg]);
        remote.Attach(connection, new(name, Machine.ThisName, LegProtection.Ssh) { Verification = leg.Verification });
        return new(connection, route, new Machine(name, server.Host ?? name), remote, owned);
    }
}
