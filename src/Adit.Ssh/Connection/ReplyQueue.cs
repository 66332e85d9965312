namespace Adit.Ssh.Connection;

/// <summary>
/// The peer's requests that wait for our answers. Answers carry no number, so they leave in the order of the requests
/// (RFC 4254 sections 4 and 5.4).
/// </summary>
/// <param name="enqueue">Queues an answer to be sent; called with a lock held.</param>
/// <param name="wake">Sees to it that what was queued is sent.</param>
internal sealed class ReplyQueue(Action<byte[]> enqueue, Action wake)
{
    // A peer that asks on and on while nothing can be answered is cut off here.
    private const int MaxWaiting = 1024;

    private readonly Lock _sync = new();
    private readonly Queue<IncomingRequest> _waiting = new();

    public void Expect(IncomingRequest request)
    {
        lock (_sync)
        {
            if (_waiting.Count == MaxWaiting)
                throw new SshProtocolException(CloseReason.ProtocolError, $"more than {MaxWaiting} requests of the peer wait for their answers");
            _waiting.Enqueue(request);
        }
    }

    /// <summary>Sends the answers that are due.</summary>
    public void Flush()
    {
        lock (_sync)
        {
            while (_waiting.TryPeek(out IncomingRequest? first) && first.Reply is { } reply)
            {
                _waiting.Dequeue();
                enqueue(reply);
            }
        }

        wake();
    }
}
