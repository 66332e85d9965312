using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Our global requests, RFC 4254 section 4. Replies carry no number: they belong to the requests in the order in which these were sent.</summary>
internal sealed class GlobalRequests(SshTransport transport)
{
    private readonly Lock _sync = new();
    private readonly Queue<TaskCompletionSource<byte[]?>> _waiting = new();

    /// <summary>Sends a request. Its reply's fields on success, null on failure.</summary>
    public async ValueTask<byte[]?> SendAsync(string name, byte[] fields, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sync)
        {
            if (transport.Closing is { } closing)
                throw closing;
            _waiting.Enqueue(reply);
            transport.Enqueue(new GlobalRequest(name, WantReply: true, fields));
        }

        transport.Outbox.Flush();
        return await reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public void OnReply(byte[]? fields)
    {
        TaskCompletionSource<byte[]?>? reply;
        lock (_sync)
        {
            if (!_waiting.TryDequeue(out reply))
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer answered a global request that was not sent");
        }

        reply.TrySetResult(fields);
    }

    public void Fail(SshClosedException reason)
    {
        lock (_sync)
        {
            while (_waiting.TryDequeue(out TaskCompletionSource<byte[]?>? reply))
            {
                reply.TrySetException(reason.ForOneMore());
                reply.Task.Exception?.Handle(static _ => true);
            }
        }
    }
}
