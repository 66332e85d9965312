using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;

namespace Adit.Ssh.Connection;

/// <summary>
/// Requests on a channel both ways, RFC 4254 section 5.4: those of ours that wait for their replies, which carry no number and come in the
/// requests' order, and the packets of requests and answers that wait to be sent. They are not in the connection's control lane, since
/// nothing may be sent on the channel behind its CLOSE.
/// </summary>
internal sealed class ChannelRequests
{
    // Requests and answers that wait; a peer that asks and does not read is cut off here.
    private const int MaxUnsent = 4096;

    private readonly Channel _channel;
    private readonly Action<IncomingRequest>? _onRequest;
    private readonly ReplyQueue _replies;
    private readonly Queue<byte[]> _unsent = new();
    private Queue<TaskCompletionSource<bool>>? _waiting;

    /// <param name="channel">The channel.</param>
    /// <param name="onRequest">Answers the peer's requests; null refuses them.</param>
    public ChannelRequests(Channel channel, Action<IncomingRequest>? onRequest)
    {
        _channel = channel;
        _onRequest = onRequest;
        _replies = new(Enqueue, channel.Wake);
    }

    /// <summary>Packets wait to be sent. Called with the channel's lock held.</summary>
    public bool HasUnsent => _unsent.Count > 0;

    /// <summary>As <see cref="Channel.Notify"/>.</summary>
    public void Notify(string name, byte[] fields)
    {
        Enqueue(Message.Encode(new ChannelRequest(_channel.RemoteId, name, WantReply: false, fields)));
        _channel.Wake();
    }

    /// <summary>As <see cref="Channel.RequestAsync"/>.</summary>
    public async ValueTask<bool> RequestAsync(string name, byte[] fields, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[] payload = Message.Encode(new ChannelRequest(_channel.RemoteId, name, WantReply: true, fields));
        lock (_channel.Sync)
        {
            if (_channel.Failure is not null || _channel.State.CloseRequested)
                throw _channel.Failure ?? Channel.Ended();
            if (_unsent.Count == MaxUnsent)
                throw new SshException("the peer does not take the channel's requests");
            (_waiting ??= new()).Enqueue(reply);
            _unsent.Enqueue(payload);
        }

        _channel.Wake();
        return await reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>CHANNEL_REQUEST arrived.</summary>
    public void OnRequest(in ChannelRequest message)
    {
        var request = IncomingRequest.OfChannel(message, _replies, _channel.RemoteId);
        if (_onRequest is null)
            request.Fail();
        else
            _onRequest(request);
    }

    /// <summary>CHANNEL_SUCCESS or CHANNEL_FAILURE arrived.</summary>
    public void OnReply(bool success)
    {
        TaskCompletionSource<bool>? reply = null;
        lock (_channel.Sync)
        {
            if (_waiting?.TryDequeue(out reply) is not true)
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer answered a channel request that was not sent");
            reply!.TrySetResult(success);
        }
    }

    /// <summary>Takes what waits to be sent. Called with the channel's lock held.</summary>
    public byte[][] TakeUnsent()
    {
        if (_unsent.Count == 0)
            return [];
        byte[][] packets = [.. _unsent];
        _unsent.Clear();
        return packets;
    }

    /// <summary>Nobody is to wait any more. The replies may still come. Called with the channel's lock held.</summary>
    public void Fail(Exception failure)
    {
        if (_waiting is null)
            return;
        foreach (TaskCompletionSource<bool> reply in _waiting)
        {
            reply.TrySetException(failure);
            _ = reply.Task.Exception;
        }
    }

    private void Enqueue(byte[] payload)
    {
        bool tooMany;
        lock (_channel.Sync)
        {
            tooMany = _unsent.Count == MaxUnsent;
            if (!tooMany && !_channel.State.CloseSent)
                _unsent.Enqueue(payload);
        }

        if (tooMany)
            _channel.CloseConnection("the peer does not read the answers to its requests");
    }
}
