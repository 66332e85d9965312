using Adit.Relay;

namespace Adit.Proxies;

/// <summary>Tells the target who began the connection, by a <see cref="ProxyHeader"/> before all other bytes.</summary>
internal sealed class ProxyHeaderDialer : IDialer
{
    private readonly IDialer _inner;
    private readonly ProxyHeaderVersion _version;

    /// <summary>Creates a dialer.</summary>
    /// <param name="inner">Makes the connections.</param>
    /// <param name="version">The version of the header.</param>
    public ProxyHeaderDialer(IDialer inner, ProxyHeaderVersion version)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        _version = version;
    }

    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(origin);
        DialedConnection dialed = await _inner.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
        try
        {
            byte[] header = new byte[ProxyHeader.MaxBytes];
            int length = ProxyHeader.Write(header, _version, origin, origin.Local);
            await dialed.Duplex.WriteAsync(header.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            return dialed;
        }
        catch (Exception e)
        {
            await dialed.Duplex.AbandonAsync().ConfigureAwait(false);
            if (e is IOException)
                throw new DialException(target, DialFailure.ConnectionLost, e.Message, e);
            throw;
        }
    }
}
