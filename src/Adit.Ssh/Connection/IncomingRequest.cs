using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;

namespace Adit.Ssh.Connection;

/// <summary>
/// A request of the peer: global (RFC 4254 section 4) or of a channel (section 5.4). It is answered once, by whoever holds it; answers
/// leave in the order of the requests, whatever the order in which they are given. Safe to answer from any thread.
/// </summary>
public sealed class IncomingRequest
{
    private readonly ReplyQueue? _replies;
    private readonly Func<byte[]?, byte[]> _encode;
    private int _answered;

    internal IncomingRequest(string name, byte[] fields, ReplyQueue? replies, Func<byte[]?, byte[]> encode)
    {
        Name = name;
        Fields = fields;
        _replies = replies;
        _encode = encode;
        replies?.Expect(this);
    }

    /// <summary>The request's name, such as <c>tcpip-forward</c> or <c>exec</c>.</summary>
    public string Name { get; }

    /// <summary>Its own fields, still encoded.</summary>
    public ReadOnlyMemory<byte> Fields { get; }

    /// <summary>Whether the peer waits for an answer. Answering is right in any case.</summary>
    public bool WantsReply => _replies is not null;

    internal byte[]? Reply { get; private set; }

    internal static IncomingRequest Global(in GlobalRequest request, ReplyQueue replies) =>
        new(request.Name, request.Fields, request.WantReply ? replies : null, static fields =>
            fields is null ? Message.Encode(default(RequestFailure)) : Message.Encode(new RequestSuccess(fields)));

    internal static IncomingRequest OfChannel(in ChannelRequest request, ReplyQueue replies, uint remoteId) =>
        new(request.Type, request.Fields, request.WantReply ? replies : null, fields =>
            fields is null ? Message.Encode(new ChannelFailure(remoteId)) : Message.Encode(new ChannelSuccess(remoteId)));

    /// <summary>Answers yes.</summary>
    /// <param name="fields">What the answer holds, where the request has such.</param>
    public void Succeed(byte[]? fields = null) => Answer(fields ?? []);

    /// <summary>Answers no.</summary>
    public void Fail() => Answer(null);

    private void Answer(byte[]? fields)
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0)
            throw new InvalidOperationException($"the request {Name} was answered already");
        if (_replies is null)
            return;
        Reply = _encode(fields);
        _replies.Flush();
    }
}
