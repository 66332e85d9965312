namespace Adit.Relay;

/// <summary>Dials from this machine, whatever the kind of target: TCP or a Unix socket.</summary>
/// <param name="options">How to connect over TCP; the defaults if null.</param>
internal sealed class MachineDialer(TcpDialerOptions? options = null) : IDialer
{
    private readonly TcpDialer _tcp = new(options);
    private readonly UnixDialer _unix = new();

    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.IsUnix ? _unix.DialAsync(target, origin, cancellationToken) : _tcp.DialAsync(target, origin, cancellationToken);
    }
}
