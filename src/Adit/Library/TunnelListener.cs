using Adit.Relay;

namespace Adit;

/// <summary>How <see cref="SshTunnel.ForwardAsync(string, int, TunnelListenerOptions, CancellationToken)"/> listens, and whom it admits. Immutable.</summary>
public sealed record TunnelListenerOptions
{
    /// <summary>A free loopback port for this process alone.</summary>
    public static TunnelListenerOptions Default { get; } = new();

    /// <summary>The port on the loopback addresses, 1 to 65535; 0, the default, for a free one.</summary>
    public int Port { get; init; }

    /// <summary>The path of a Unix socket to listen on in place of a port, its owner's alone; null, the default, for a port.</summary>
    public string? SocketPath { get; init; }

    /// <summary>
    /// Who may connect: <see cref="AdmissionRule.Self"/>, this process without those that it starts, by default. Where the system does not
    /// tell which process a peer is (anything but Linux), only <see cref="AdmissionRule.SameUser"/> and wider ones work.
    /// </summary>
    public AdmissionRule Admission { get; init; } = AdmissionRule.Self;

    /// <summary>The most connections at once, 1 to 16,384, which is the default. One more is refused.</summary>
    public int MaxConnections { get; init; } = ForwardOptions.ConnectionCap;
}

/// <summary>A local port or Unix socket whose connections go through a tunnel to one target. Disposing it ends it with its connections.</summary>
public sealed class TunnelListener : IAsyncDisposable
{
    private readonly Forward _forward;
    private readonly Action<TunnelListener> _onDisposed;

    internal TunnelListener(Forward forward, Action<TunnelListener> onDisposed)
    {
        _forward = forward;
        _onDisposed = onDisposed;
        Endpoint = forward.Endpoints[0];
    }

    /// <summary>Where it listens, with the port that was really bound: the first of its addresses.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>The port that was bound on the loopback addresses; 0 for a Unix socket.</summary>
    public int Port => Endpoint.Port;

    /// <summary>How many connections it carries at this moment, those included that are not admitted yet.</summary>
    public int ConnectionCount => _forward.Connections.Count;

    /// <summary>Accepts no more connections; those that are open go on.</summary>
    public Task StopAcceptingAsync() => _forward.StopAcceptingAsync();

    /// <summary>Ends it with its connections. Returns when all of it is gone, the file of a Unix socket too.</summary>
    public async ValueTask DisposeAsync()
    {
        await _forward.DisposeAsync().ConfigureAwait(false);
        _onDisposed(this);
    }
}
