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
    private readonly SshTransport _transport;
    private readonly KeyExchange _kex;
    private readonly ChannelTable _channels;
    private readonly GlobalRequests _requests;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private Task _keepAlive = Task.CompletedTask;
    private ConnectionInfo? _info;

    internal SshConnection(SshTransport transport, KeyExchange kex, ConnectionOptions options, ILogger logger, TimeProvider time)
    {
        _transport = transport;
        _kex = kex;
        _logger = logger;
        _time = time;
        _channels = new(options.MaxChannels);
        _requests = new(transport);
        Options = options;
    }

    /// <summary>What was agreed with the peer.</summary>
    public ConnectionInfo Info => _info ?? throw new InvalidOperationException("the connection is not made yet");

    /// <summary>Completes, never fails, with why the connection ended.</summary>
    public Task<SshClosedException> Closed => _transport.Closed;

    /// <summary>Channels that are open or being opened.</summary>
    public int ChannelCount => _channels.Count;

    /// <summary>Key exchanges done so far, the first one included.</summary>
    public int KeyExchanges => _kex.Completed;

    internal ConnectionOptions Options { get; }

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

    /// <summary>Starts a key exchange now, besides those that the limits start.</summary>
    public void Rekey() => _kex.Begin();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _transport.DisposeAsync().ConfigureAwait(false);
        await _keepAlive.ConfigureAwait(false);
        _kex.Dispose();
        _ended.Dispose();
    }

    /// <summary>The user is authenticated: from here on the connection is its owner's.</summary>
    internal void Begin(string peerIdentification)
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
        _keepAlive = KeepAlive.RunAsync(_transport, _requests, Options.KeepAlive, _time, _ended.Token);
    }

    internal async ValueTask<Channel> OpenAsync(string type, byte[] fields, ChannelOptions? options, CancellationToken cancellationToken)
    {
        options ??= ChannelOptions.Default;
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        Channel channel = _channels.Add(id => new Channel(this, id, type, options));
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
                var extended = Message.Decode<ChannelExtendedData>(packet.Span);
                Require(extended.Recipient).OnExtendedData(extended.Data.Length);
                break;
            case MessageNumber.ChannelOpen:
                OnOpen(Message.Decode<ChannelOpen>(packet.Span));
                break;
            case MessageNumber.ChannelRequest:
                OnChannelRequest(Message.Decode<ChannelRequest>(packet.Span));
                break;
            case MessageNumber.GlobalRequest:
                OnGlobalRequest(Message.Decode<GlobalRequest>(packet.Span));
                break;
            case MessageNumber.RequestSuccess:
                _requests.OnReply(Message.Decode<RequestSuccess>(packet.Span).Fields);
                break;
            case MessageNumber.RequestFailure:
                Message.Decode<RequestFailure>(packet.Span);
                _requests.OnReply(null);
                break;
            default:
                throw new SshProtocolException(CloseReason.ProtocolError, $"message {(byte)packet.Number} answers a channel request that was not sent");
        }

        return default;
    }

    void IPacketHandler.OnClosed(SshClosedException reason)
    {
        _ended.Cancel();
        _requests.Fail(reason);
        foreach (Channel channel in _channels.Close(reason))
            channel.Fail(reason);
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

    // A client that asked for no remote forward has nothing that the server could open.
    private void OnOpen(in ChannelOpen open)
    {
        Log.ChannelOpenRefused(_logger, open.Type);
        _transport.Send(new ChannelOpenFailure(open.Sender, ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for"));
    }

    private void OnChannelRequest(in ChannelRequest request)
    {
        Channel channel = Require(request.Recipient);
        if (request.WantReply && !channel.IsClosing)
            _transport.Send(new ChannelFailure(channel.RemoteId));
    }

    private void OnGlobalRequest(in GlobalRequest request)
    {
        Log.GlobalRequest(_logger, request.Name);
        if (request.WantReply)
            _transport.Send(default(RequestFailure));
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
