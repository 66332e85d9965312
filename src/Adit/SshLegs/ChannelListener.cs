using System.Threading.Channels;
using Adit.Relay;

namespace Adit.SshLegs;

/// <summary>
/// The channels that the peer of one SSH connection opens, as a listener. Whoever handles the connection's opens hands them in.
/// </summary>
internal sealed class ChannelListener(Endpoint local) : IListener
{
    // Bounded by the connection, which refuses to have more channels than its limit.
    private readonly Channel<ChannelConnection> _incoming = Channel.CreateUnbounded<ChannelConnection>();

    public IReadOnlyList<Endpoint> Endpoints { get; } = [local];

    public bool IsExposed => false;

    /// <summary>False when the listener is closed.</summary>
    public bool TryAdd(ChannelConnection connection) => _incoming.Writer.TryWrite(connection);

    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _incoming.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _incoming.Writer.TryComplete();
        while (_incoming.Reader.TryRead(out ChannelConnection? left))
            await left.DisposeAsync().ConfigureAwait(false);
    }
}
