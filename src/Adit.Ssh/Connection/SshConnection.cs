using System.Buffers.Binary;
using Adit.Ssh.Kex;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Connection;

/// <summary>
/// An authenticated SSH connection: opens channels and sends global requests, RFC 4254. Safe to use from several threads.
/// Disposing it ends every channel, says goodbye to the peer and closes the byte stream.
/// </summary>
public sealed class SshConnection : IPacketHandler, IAsyncDisposable
{
    private static readonly TimeSpan LeavingTime = TimeSpan.FromSeconds(1);

    private readonly SshTransport _transport;
    private readonly KeyExchange _kex;
    private readonly ChannelTable _channels;
    private readonly GlobalRequests _requests;
    private readonly ReplyQueue _replies;
    private readonly IConnectionHandler? _handler;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly List<ChannelInput> _toWake = [];
    private Task _keepAlive = Task.CompletedTask;
    private ConnectionInfo? _info;
    private int _unanswered;

    internal SshConnection(
        SshTransport transport, KeyExchange kex, ConnectionOptions options, IConnectionHandler? handler, ILogger logger, TimeProvider time)
    {
        _transport = transport;
        _kex = kex;
        _logger = logger;
        _time = time;
        _channels = new(options.MaxChannels);
        _requests = new(transport, time);
        _replies = new(transport.EnqueuePayload, transport.Outbox.Flush);
        _handler = handler;
        Options = options;
        WindowSharing = new(transport.RoundTrip);
        WindowGrowth = new(transport.RoundTrip, _requests.MeasureRoundTrip, time);
    }

    /// <summary>What was agreed with the peer.</summary>
    public ConnectionInfo Info => _info ?? throw new InvalidOperationException("the connection is not made yet");

    /// <summary>Completes, never fails, with why the connection ended.</summary>
    public Task<SshClosedException> Closed => _transport.Closed;

    /// <summary>Channels that are open or being opened.</summary>
    public int ChannelCount => _channels.Count;

    /// <summary>Where each channel stands at this moment, by their numbers.</summary>
    public IReadOnlyList<ChannelStatus> Channels() => [.. _channels.All.Select(static channel => channel.Status())];

    /// <summary>Key exchanges done so far, the first one included.</summary>
    public int KeyExchanges => _kex.Completed;

    internal ConnectionOptions Options { get; }

    /// <summary>By how much the windows of the channels grow.</summary>
    internal WindowGrowth WindowGrowth { get; }

    /// <summary>How much of them makes way for questions.</summary>
    internal WindowSharing WindowSharing { get; }

    /// <summary>Of a server only.</summary>
    internal HostKeyRotation? HostKeyRotation { get; init; }

    internal Outbox Outbox => _transport.Outbox;

    /// <summary>Asks the server to connect to a TCP destination, named and resolved on its side: <c>direct-tcpip</c>, RFC 4254 section 7.2.</summary>
    /// <param name="host">Name or address of the destination.</param>
    /// <param name="port">Port of the destination, 1 to 65535.</param>
    /// <param name="originatorAddress">Where the connection came from on this side, for the server's log.</param>
    /// <param name="originatorPort">Its port there.</param>
    /// <param name="options">How the channel behaves on this side; null for the defaults.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="ChannelOpenException">The server refused, or could not reach the destination.</exception>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public ValueTask<Channel> OpenTcpAsync(
        string host,
        int port,
        string originatorAddress,
        int originatorPort,
        ChannelOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        byte[] fields = new DirectTcpip(host, (uint)port, originatorAddress, (uint)originatorPort).ToFields();
        return OpenAsync(DirectTcpip.ChannelType, fields, options, cancellationToken);
    }

    /// <summary>Asks the server to connect to a Unix socket on its side: <c>direct-streamlocal@openssh.com</c>.</summary>
    /// <param name="path">Path of the socket on the server.</param>
    /// <param name="options">How the channel behaves on this side; null for the defaults.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="ChannelOpenException">The server refused, or could not reach the destination.</exception>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public ValueTask<Channel> OpenUnixAsync(string path, ChannelOptions? options = null, CancellationToken cancellationToken = default) =>
        OpenAsync(DirectStreamLocal.ChannelType, new DirectStreamLocal(path).ToFields(), options, cancellationToken);

    /// <summary>Asks the peer to open a channel of any type.</summary>
    /// <param name="type">The channel type.</param>
    /// <param name="fields">The fields of its type, encoded.</param>
    /// <param name="options">How the channel behaves on this side; null for the defaults.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="ChannelOpenException">The peer refused.</exception>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public ValueTask<Channel> OpenAsync(string type, byte[] fields, ChannelOptions? options = null, CancellationToken cancellationToken = default) =>
        OpenAsync(type, fields, options, onRequest: null, cancellationToken);

    /// <summary>As <see cref="OpenAsync(string, byte[], ChannelOptions?, CancellationToken)"/>, for a channel on which the peer sends requests.</summary>
    /// <param name="type">The channel type.</param>
    /// <param name="fields">The fields of its type, encoded.</param>
    /// <param name="options">How the channel behaves on this side; null for the defaults.</param>
    /// <param name="onRequest">
    /// Takes the channel's requests (RFC 4254 section 5.4) under the rules of <see cref="IConnectionHandler"/>; null answers all with failure.
    /// </param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="ChannelOpenException">The peer refused.</exception>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public async ValueTask<Channel> OpenAsync(
        string type, byte[] fields, ChannelOptions? options, Action<IncomingRequest>? onRequest, CancellationToken cancellationToken = default)
    {
        options ??= ChannelOptions.Default;
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        Channel channel = _channels.Add(id => new Channel(this, id, type, options, onRequest));
        _transport.Send(new ChannelOpen(type, channel.LocalId, options.Window, (uint)Options.MaxDataPacket, fields));
        try
        {
            await channel.Opening.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return channel;
        }
        catch (OperationCanceledException)
        {
            // The answer is still to come; when it does, the channel is closed and its number free again.
            channel.Abort();
            throw;
        }
    }

    /// <summary>Sends a global request, RFC 4254 section 4, and waits for its answer.</summary>
    /// <param name="name">The request's name.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The fields of the answer; null when the peer said no.</returns>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public ValueTask<byte[]?> RequestAsync(string name, byte[] fields, CancellationToken cancellationToken = default) =>
        _requests.SendAsync(name, fields, cancellationToken);

    /// <summary>Sends a global request that wants no answer.</summary>
    /// <param name="name">The request's name.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    public void Notify(string name, byte[] fields) => _transport.Send(new GlobalRequest(name, WantReply: false, fields));

    /// <summary>Ends the connection for a reason, which the peer is told. The first reason wins. Its owner disposes it all the same.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="message">Why, for people on both sides.</param>
    public void Close(CloseReason reason, string message) => _transport.Close(reason, message);

    /// <summary>Starts a key exchange now, besides those that the limits start.</summary>
    public void Rekey() => _kex.Begin();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Who hears that the connection is over may drop what it has not passed on yet, as sshd does: a channel is closed when it has.
        Task left = Task.WhenAny(_channels.WhenLeftAsync(), Closed);
        await left.WaitAsync(LeavingTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await _keepAlive.ConfigureAwait(false);
        _kex.Dispose();
    }

    /// <summary>The user is authenticated: from here on the connection is its owner's.</summary>
    internal void Begin(string peerIdentification, KeepAliveOptions keepAlive)
    {
        Negotiation negotiated = _kex.Negotiated!;
        _info = new()
        {
            PeerIdentification = peerIdentification,
            Kex = negotiated.Kex.Name,
            HostKeyAlgorithm = negotiated.HostKeyAlgorithm,
            HostKey = _kex.HostKey!,
            CipherToServer = negotiated.CipherToServer.Name,
            CipherToClient = negotiated.CipherToClient.Name,
            MacToServer = negotiated.MacToServer?.Name,
            MacToClient = negotiated.MacToClient?.Name,
            StrictKex = _transport.Strict,
            SessionId = _kex.SessionId,
        };
        _keepAlive = KeepAlive.RunAsync(_transport, _requests, keepAlive, _time, _transport.Ending);
    }

    internal void AnnounceHostKeys()
    {
        if (HostKeyRotation?.Keys() is { Length: > 0 } keys)
            Notify(HostKeyRotation.Announcement, keys);
    }

    /// <exception cref="SshException">The connection has ended, or has as many channels as it may; the peer was told.</exception>
    internal Channel Accept(in ChannelOpen open, ChannelOptions options, Action<IncomingRequest>? onRequest)
    {
        options.Validate();
        string type = open.Type;
        Channel channel;
        try
        {
            channel = _channels.Add(id => new Channel(this, id, type, options, onRequest));
        }
        catch (ChannelOpenException e)
        {
            Refuse(open, e.Reason, e.Message);
            throw;
        }

        Interlocked.Decrement(ref _unanswered);

        // Open before the peer can hear of it: the send loop may be at work, and the peer's first message here before this thread goes on.
        channel.OnOpened(open.Sender, open.Window, open.MaxPacket);
        _transport.Send(new ChannelOpenConfirmation(open.Sender, channel.LocalId, options.Window, (uint)Options.MaxDataPacket, []));
        return channel;
    }

    internal void Refuse(in ChannelOpen open, ChannelOpenFailureReason reason, string description)
    {
        Interlocked.Decrement(ref _unanswered);
        _transport.Send(new ChannelOpenFailure(open.Sender, reason, description));
    }

    /// <summary>Of the receive loop.</summary>
    internal void WakeAfterBatch(ChannelInput input)
    {
        if (input.WaitsForWake)
            return;
        input.WaitsForWake = true;
        _toWake.Add(input);
    }

    /// <summary>Our CLOSE of the channel has left.</summary>
    internal void OnCloseSent(Channel channel)
    {
        if (channel.IsGone)
            _channels.Remove(channel);
    }

    ValueTask<bool> IPacketHandler.HandleAsync(InboundPacket packet)
    {
        switch (packet.Number)
        {
            case MessageNumber.ChannelData:
                return ValueTask.FromResult(OnData(packet));
            case MessageNumber.ChannelWindowAdjust:
                var adjust = Message.Decode<ChannelWindowAdjust>(packet.Span);
                Require(adjust.Recipient).OnWindowAdjust(adjust.BytesToAdd);
                break;
            case MessageNumber.ChannelEof:
                Require(Message.Decode<ChannelEof>(packet.Span).Recipient).OnEof();
                break;
            case MessageNumber.ChannelClose:
                OnChannelClose(Require(Message.Decode<ChannelClose>(packet.Span).Recipient));
                break;
            case MessageNumber.ChannelOpenConfirmation:
                OnConfirmation(Message.Decode<ChannelOpenConfirmation>(packet.Span));
                break;
            case MessageNumber.ChannelOpenFailure:
                OnOpenFailure(Message.Decode<ChannelOpenFailure>(packet.Span));
                break;
            case MessageNumber.ChannelExtendedData:
                return ValueTask.FromResult(OnExtendedData(packet));
            case MessageNumber.ChannelSuccess:
                Require(Message.Decode<ChannelSuccess>(packet.Span).Recipient).OnReply(success: true);
                break;
            case MessageNumber.ChannelFailure:
                Require(Message.Decode<ChannelFailure>(packet.Span).Recipient).OnReply(success: false);
                break;
            case MessageNumber.ChannelOpen:
                OnOpen(Message.Decode<ChannelOpen>(packet.Span));
                break;
            case MessageNumber.ChannelRequest:
                var request = Message.Decode<ChannelRequest>(packet.Span);
                Require(request.Recipient).OnRequest(request);
                break;
            case MessageNumber.GlobalRequest:
                return OnGlobalRequestAsync(Message.Decode<GlobalRequest>(packet.Span));
            case MessageNumber.RequestSuccess:
                _requests.OnReply(Message.Decode<RequestSuccess>(packet.Span).Fields);
                break;
            case MessageNumber.RequestFailure:
                Message.Decode<RequestFailure>(packet.Span);
                _requests.OnReply(null);
                break;
            default:
                throw new SshProtocolException(CloseReason.ProtocolError, $"message {(byte)packet.Number} is none of the connection protocol");
        }

        return default;
    }

    void IPacketHandler.EndBatch()
    {
        foreach (ChannelInput input in _toWake)
            input.Wake();
        _toWake.Clear();
    }

    void IPacketHandler.OnClosed(SshClosedException reason)
    {
        _requests.Fail(reason);
        foreach (Channel channel in _channels.Close(reason))
            channel.Fail(reason.ForOneMore());
    }

    // SSH_MSG_CHANNEL_DATA, RFC 4254 section 5.2, read by hand: it is the one message that counts for speed.
    private bool OnData(InboundPacket packet)
    {
        const int dataStart = 1 + sizeof(uint) + sizeof(uint);
        ReadOnlySpan<byte> payload = packet.Span;
        if (payload.Length < dataStart || BinaryPrimitives.ReadUInt32BigEndian(payload[5..]) != (uint)(payload.Length - dataStart))
            throw new SshFormatException("CHANNEL_DATA has the wrong length");
        return Require(BinaryPrimitives.ReadUInt32BigEndian(payload[1..])).OnData(packet, dataStart);
    }

    // SSH_MSG_CHANNEL_EXTENDED_DATA, RFC 4254 section 5.2, read by hand so that its data stays where it is.
    private bool OnExtendedData(InboundPacket packet)
    {
        const int dataStart = 1 + (3 * sizeof(uint));
        ReadOnlySpan<byte> payload = packet.Span;
        if (payload.Length < dataStart || BinaryPrimitives.ReadUInt32BigEndian(payload[9..]) != (uint)(payload.Length - dataStart))
            throw new SshFormatException("CHANNEL_EXTENDED_DATA has the wrong length");
        return Require(BinaryPrimitives.ReadUInt32BigEndian(payload[1..])).OnExtendedData(BinaryPrimitives.ReadUInt32BigEndian(payload[5..]), packet, dataStart);
    }

    private void OnConfirmation(in ChannelOpenConfirmation confirmation)
    {
        Channel channel = RequireOpening(confirmation.Recipient);
        channel.OnOpened(confirmation.Sender, confirmation.Window, confirmation.MaxPacket);
    }

    private void OnOpenFailure(in ChannelOpenFailure failure)
    {
        Channel channel = RequireOpening(failure.Recipient);
        _channels.Remove(channel);
        string description = failure.Description.Length > 0 ? failure.Description : failure.Reason.ToString();
        channel.Fail(new ChannelOpenException(failure.Reason, description));
    }

    private void OnChannelClose(Channel channel)
    {
        if (channel.OnClose())
            _channels.Remove(channel);
    }

    private void OnOpen(in ChannelOpen open)
    {
        Log.ChannelOpen(_logger, open.Type);
        if (open.MaxPacket == 0)
            throw new SshProtocolException(CloseReason.ProtocolError, "the peer opened a channel with a maximum packet size of 0");
        int unanswered = Interlocked.Increment(ref _unanswered);
        if (_handler is null)
            Refuse(open, ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
        else if (_channels.Count + unanswered > Options.MaxChannels)
            Refuse(open, ChannelOpenFailureReason.ResourceShortage, $"the limit of {Options.MaxChannels} channels on one connection is reached");
        else
            _handler.OnChannelOpen(new IncomingChannel(this, open));
    }

    private async ValueTask<bool> OnGlobalRequestAsync(GlobalRequest message)
    {
        Log.GlobalRequest(_logger, message.Name);
        var request = IncomingRequest.Global(message, _replies);
        if (HostKeyRotation is not null && request.Name is HostKeyRotation.Proof)
        {
            if (await HostKeyRotation.ProveAsync(request.Fields, _transport.Ending).ConfigureAwait(false) is { } proofs)
                request.Succeed(proofs);
            else
                request.Fail();
        }
        else if (_handler is null || request.Name is KeepAlive.Request)
        {
            request.Fail();
        }
        else
        {
            _handler.OnGlobalRequest(request);
        }

        return false;
    }

    private Channel Require(uint localId)
    {
        if (_channels.Find(localId) is { IsOpen: true } channel)
            return channel;
        throw new SshProtocolException(CloseReason.ProtocolError, $"the peer named channel {localId}, which is not open");
    }

    private Channel RequireOpening(uint localId)
    {
        if (_channels.Find(localId) is { IsOpen: false } channel)
            return channel;
        throw new SshProtocolException(CloseReason.ProtocolError, $"the peer answered the opening of channel {localId}, which is not being opened");
    }
}
