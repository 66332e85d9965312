using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Our global requests, RFC 4254 section 4. Replies carry no number: they belong to the requests in the order in which these were sent.</summary>
internal sealed class GlobalRequests(SshTransport transport, TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Queue<(TaskCompletionSource<byte[]?>? Reply, long AskedAt)> _waiting = new();

    /// <summary>Sends a request. Its reply's fields on success, null on failure.</summary>
    public async ValueTask<byte[]?> SendAsync(string name, byte[] fields, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sync)
        {
            if (transport.Closing is { } closing)
                throw closing;
            _waiting.Enqueue((reply, time.GetTimestamp()));
            transport.Enqueue(new GlobalRequest(name, WantReply: true, fields));
        }

        transport.Outbox.Flush();
        return await reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks for an answer, whatever it is, to see how long it takes; unless that was done just now. For the send loop, which sends it.</summary>
    public void MeasureRoundTrip()
    {
        if (!transport.RoundTrip.TryAsk())
            return;
        lock (_sync)
        {
            if (transport.Closing is not null)
                return;
            _waiting.Enqueue((null, time.GetTimestamp()));
            transport.Enqueue(new GlobalRequest(KeepAlive.Request, WantReply: true, []));
        }
    }

    public void OnReply(byte[]? fields)
    {
        (TaskCompletionSource<byte[]?>? Reply, long AskedAt) next;
        lock (_sync)
        {
            if (!_waiting.TryDequeue(out next))
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer answered a global request that was not sent");
        }

        transport.RoundTrip.OnAnswer(next.AskedAt);
        next.Reply?.TrySetResult(fields);
    }

    public void Fail(SshClosedException reason)
    {
        lock (_sync)
        {
            while (_waiting.TryDequeue(out (TaskCompletionSource<byte[]?>? Reply, long AskedAt) next))
            {
                next.Reply?.TrySetException(reason.ForOneMore());
                next.Reply?.Task.Exception?.Handle(static _ => true);
            }
        }
    }
}
