using Adit.Relay;

namespace Adit.Socks;

/// <summary>A connection whose client names its target by SOCKS.</summary>
/// <param name="inner">The connection as it came in; owned. It is answered before the first byte is read from it.</param>
internal sealed class SocksConnection(IncomingConnection inner) : IncomingConnection
{
    // What a client may still send that is told no, such as the rest of what it had sent ahead.
    private const int MaxDrainedBytes = 256 * 1024;

    private Duplex? _duplex;
    private SocksNegotiation? _negotiation;
    private byte[]? _ownAnswer;
    private bool _answered;

    public override ConnectionOrigin Origin => inner.Origin;

    public override Endpoint LocalEndpoint => inner.LocalEndpoint;

    public override Leg Leg => inner.Leg;

    public override PeerSocket? Peer => inner.Peer;

    public override bool IsConnected => inner.IsConnected;

    public override ValueTask BeginAsync(CancellationToken cancellationToken) => inner.BeginAsync(cancellationToken);

    public override async ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken)
    {
        _duplex = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
        _negotiation = new(_duplex);
        try
        {
            return await _negotiation.ReadTargetAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocksException e)
        {
            _ownAnswer = e.Answer;
            throw;
        }
    }

    public override async ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken)
    {
        if (_duplex is not { } duplex || _negotiation is not { } negotiation)
            throw new InvalidOperationException("a SOCKS client is answered after it named its target");
        await duplex.WriteAsync(negotiation.Success(), cancellationToken).ConfigureAwait(false);
        _answered = true;
        return negotiation.Unread.IsEmpty ? duplex : new PrefixedDuplex(negotiation.Unread, duplex);
    }

    public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _answered = true;
        if (_duplex is not { } duplex || _negotiation is not { } negotiation)
            return inner.RefuseAsync(refusal, cancellationToken);
        return RefuseAsync(duplex, _ownAnswer ?? negotiation.Answer(refusal), drain: refusal.Kind != RefusalKind.Stopping, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_answered)
            return;
        _answered = true;
        if (_duplex is null)
            await inner.DisposeAsync().ConfigureAwait(false);
        else
            await _duplex.AbandonAsync().ConfigureAwait(false);
    }

    private static async ValueTask RefuseAsync(Duplex duplex, byte[] answer, bool drain, CancellationToken cancellationToken)
    {
        bool inOrder = false;
        try
        {
            if (answer.Length > 0)
            {
                await duplex.WriteAsync(answer, cancellationToken).ConfigureAwait(false);
                await duplex.CompleteWritingAsync(cancellationToken).ConfigureAwait(false);
                inOrder = !drain || await DrainAsync(duplex, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Gone, or not listening; there is nobody else to tell.
            inOrder = false;
        }
        if (!inOrder)
            duplex.Abort();
        await duplex.DisposeAsync().ConfigureAwait(false);
    }

    // A socket that is closed with bytes unread is reset, and the client might never see the answer.
    private static async ValueTask<bool> DrainAsync(Duplex duplex, CancellationToken cancellationToken)
    {
        int drained = 0;
        while (drained < MaxDrainedBytes)
        {
            ReadOnlyMemory<byte> chunk = await duplex.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (chunk.IsEmpty)
                return true;
            drained += chunk.Length;
        }
        return false;
    }
}
