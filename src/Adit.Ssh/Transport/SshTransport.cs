using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Wire;
using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Transport;

/// <summary>
/// A connection's packets: one receive loop, one send loop, the phase of the peer, and the one funnel through which it ends.
/// Knows neither key exchange nor authentication nor channels; they are handlers above it.
/// </summary>
internal sealed class SshTransport : IAsyncDisposable
{
    /// <summary>How long a last DISCONNECT may take to leave, or to come.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// So much is handled at one go, which is what one read brings, then others get the thread; a peer that never makes us wait may not keep it.
    /// </summary>
    private const int CostPerTurn = 128 * 1024;

    /// <summary>What a packet counts for besides its bytes: many small ones are the dearer way to send them.</summary>
    private const int CostPerPacket = 256;

    /// <summary>What a peer may send until the user is authenticated, counted as turns are: far more than all keys and methods need.</summary>
    private const int CostUnauthenticated = 4 * 1024 * 1024;

    private readonly Stream _stream;
    private readonly Func<Action, bool>? _later;
    private readonly InboundBuffer _inbound;
    private readonly PacketReader _reader;
    private readonly PacketWriter _writer;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<SshClosedException> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private IPacketHandler? _kex;
    private IPacketHandler? _authentication;
    private IPacketHandler? _connection;
    private Action _afterBatch = static () => { };
    private Task _receiving = Task.CompletedTask;
    private Task _loops = Task.CompletedTask;
    private SshClosedException? _closing;
    private Exception? _broken;
    private bool _authenticated;
    private PeerExtensions _peerExtensions = PeerExtensions.None;

    public SshTransport(Stream stream, InboundBuffer inbound, SshRole role, ILogger logger, TimeProvider time, Func<Action, bool>? later = null)
    {
        _stream = stream;
        _later = later;
        _inbound = inbound;
        _logger = logger;
        _time = time;
        Role = role;
        Ending = _ending.Token;
        Outbox = new Outbox(later);
        RoundTrip = new(time);
        _reader = new PacketReader(inbound);
        _writer = new PacketWriter(stream, Outbox, later);
    }

    public SshRole Role { get; }

    public Outbox Outbox { get; }

    /// <summary>How long the peer's answers take.</summary>
    public RoundTrip RoundTrip { get; }

    /// <summary>What the peer may send now. Set by the receive loop, and by the handlers that it calls.</summary>
    public Phase Phase
    {
        get;
        set
        {
            field = value;
            if (value is Phase.Connection)
                Volatile.Write(ref _authenticated, true);
        }
    }

    /// <summary>The user is known, and nothing is queued that would have to be sent before. Safe to read from anywhere.</summary>
    public bool Authenticated => Volatile.Read(ref _authenticated);

    /// <summary>Strict key exchange is in force.</summary>
    public bool Strict { get; private set; }

    /// <summary>No stray message may come during the first key exchange: always with <see cref="Strict"/>.</summary>
    public bool Exact { get; private set; }

    /// <summary>What the peer announced with EXT_INFO so far. Safe to read from anywhere.</summary>
    public PeerExtensions PeerExtensions => Volatile.Read(ref _peerExtensions);

    /// <summary>The sequence number of the packet that is being handled is one below this.</summary>
    public uint InboundSequence => _reader.Sequence;

    /// <summary>Completes, never fails, with why the connection ended.</summary>
    public Task<SshClosedException> Closed => _closed.Task;

    /// <summary>Cancelled when the connection begins to end: for whatever the layers above wait for.</summary>
    public CancellationToken Ending { get; }

    /// <summary>Why the connection ends, once it does.</summary>
    public SshClosedException? Closing => Volatile.Read(ref _closing);

    /// <param name="kex">Serves KEXINIT to 49.</param>
    /// <param name="authentication">Serves SERVICE_REQUEST, SERVICE_ACCEPT, and 50 to 79.</param>
    /// <param name="connection">Serves 80 to 127.</param>
    /// <param name="afterBatch">Called by both loops after each batch of packets: the moment to see whether a rekey is due.</param>
    public void Start(IPacketHandler kex, IPacketHandler authentication, IPacketHandler connection, Action afterBatch)
    {
        _kex = kex;
        _authentication = authentication;
        _connection = connection;
        _afterBatch = afterBatch;
        using AsyncFlowControl _ = ExecutionContext.SuppressFlow();
        _receiving = Task.Run(ReceiveAsync);
        _loops = Task.WhenAll(_receiving, Task.Run(SendAsync));
    }

    /// <summary>Queues a message of the authentication or connection protocol.</summary>
    public void Send<T>(in T message)
        where T : struct, IMessage<T>
    {
        Enqueue(message);
        Outbox.Flush();
    }

    /// <summary>Queues a message without waking the send loop: for callers that hold a lock, and flush the outbox when they have left it.</summary>
    public void Enqueue<T>(in T message)
        where T : struct, IMessage<T> => EnqueuePayload(Message.Encode(message));

    /// <summary>As <see cref="Enqueue"/>, for a message that is encoded already.</summary>
    public void EnqueuePayload(byte[] payload)
    {
        if (!Outbox.TryEnqueue(payload))
            Close(CloseReason.ProtocolError, $"the peer does not read the answers to its requests ({Outbox.MaxControlBytes} bytes are waiting)");
    }

    /// <summary>The peer's packets are protected by these keys from the next one on.</summary>
    public void SwitchInbound(KeyEpoch next) => _reader.Switch(next, Strict);

    /// <summary>Both ends agreed on strict key exchange.</summary>
    public void EnterStrict() => Strict = Exact = _writer.ResetsSequence = true;

    /// <summary>The first key exchange tolerates no message besides its own, whatever the peer agreed to.</summary>
    public void EnterExact() => Exact = true;

    /// <summary>Ends the connection. The first caller's reason wins, and is what everybody gets.</summary>
    public SshClosedException Close(CloseReason reason, string message, Exception? cause = null, DisconnectCode peerCode = DisconnectCode.None)
    {
        var closing = new SshClosedException(reason, message, cause) { PeerCode = peerCode };
        if (Interlocked.CompareExchange(ref _closing, closing, null) is { } first)
            return first;

        if (reason.Code() is not DisconnectCode.None and var code)
            Outbox.SendKex(Message.Encode(new Disconnect(code, reason.TextForPeer(message))));
        Outbox.Complete();
        _kex?.OnClosed(closing);
        _authentication?.OnClosed(closing);
        _connection?.OnClosed(closing);
        _ending.Cancel();
        _closed.SetResult(closing);
        LogClosing(reason, message);
        return closing;
    }

    // Last, and guarded: no logger may break the one way on which everything ends.
    private void LogClosing(CloseReason reason, string message)
    {
        try
        {
            Log.Closing(_logger, reason, message);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or AggregateException)
        {
            // There is nobody whom it could be told.
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close(CloseReason.Closed, "closed by this side");
        await _closed.Task.ConfigureAwait(false);
        await _loops.ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _reader.Dispose();
        _writer.Dispose();
        _ended.Dispose();
        _ending.Dispose();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            int unauthenticated = 0;
            int turn = 0;
            ValueTask<bool> filling;
            bool filled;
            do
            {
                while (Closing is null && _reader.TryRead(out InboundPacket packet))
                {
                    int cost = packet.Payload.Length + CostPerPacket;
                    await DispatchAsync(packet).ConfigureAwait(false);
                    if (!_authenticated && (unauthenticated += cost) > CostUnauthenticated)
                        throw new SshProtocolException(CloseReason.ProtocolError, "too much was sent before the user was authenticated");
                    turn += cost;
                    if (turn < CostPerTurn)
                        continue;
                    turn = 0;
                    _connection!.EndBatch();
                    await new ThreadTurn(_later);
                }

                _connection!.EndBatch();
                _afterBatch();
                filling = Closing is null ? _inbound.FillAsync(_ended.Token) : new(false);
                if (!filling.IsCompleted)
                    turn = 0;
                filled = await filling.ConfigureAwait(false);

                // Where this goes on with the thread that watches all sockets, key exchange and login are no work for it.
                if (!_authenticated)
                    await default(ThreadTurn);
            }
            while (filled);
            if (Volatile.Read(ref _broken) is { } broken)
                CloseBroken(broken);
            else
                Close(CloseReason.ConnectionLost, "the peer closed the connection");
        }
        catch (SshProtocolException e)
        {
            Close(e.Reason, e.Message, e);
        }
        catch (SshClosedException e)
        {
            Close(e.Reason, e.Message, e);
        }
        catch (SshFormatException e)
        {
            Close(CloseReason.ProtocolError, $"the peer sent a malformed message: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            CloseBroken(Volatile.Read(ref _broken) ?? e);
        }
        catch (Exception e)
        {
            Close(CloseReason.InternalError, $"an internal error ended the connection: {e.Message}", e);
        }
    }

    private async Task SendAsync()
    {
        Task sending = _writer.RunAsync(_afterBatch);
        try
        {
            await Task.WhenAny(sending, _closed.Task).ConfigureAwait(false);
            await sending.WaitAsync(FarewellTime, _time).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            Log.FarewellTimedOut(_logger, e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A peer that takes no more may have said why. If it has not, the first failure counts: the system tells it once.
            Volatile.Write(ref _broken, e);
            await ((Task)_closed.Task).WaitAsync(FarewellTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            CloseBroken(e);
        }
        catch (Exception e)
        {
            Close(CloseReason.InternalError, $"an internal error ended the connection: {e.Message}", e);
        }
        finally
        {
            await _ended.CancelAsync().ConfigureAwait(false);

            // The stream reads on while it is disposed. A handler that does not hear of the end, such as a question to the user, may take its time.
            await _receiving.WaitAsync(FarewellTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _stream.DisposeAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void CloseBroken(Exception e) => Close(CloseReason.ConnectionLost, $"the connection broke: {e.Message}", e);

    private async ValueTask DispatchAsync(InboundPacket packet)
    {
        bool taken = false;
        try
        {
            switch (PhaseTable.Judge(Phase, Role, Exact, packet.Number))
            {
                case Verdict.Accept:
                    taken = await AcceptAsync(packet).ConfigureAwait(false);
                    break;
                case Verdict.Unimplemented:
                    Send(new Unimplemented(packet.Sequence));
                    break;
                case Verdict.Refuse:
                    throw new SshProtocolException(CloseReason.ProtocolError, $"message {Name(packet.Number)} is not allowed now (phase {Phase})");
                default:
                    break;
            }
        }
        finally
        {
            if (!taken)
                packet.Release();
        }
    }

    private ValueTask<bool> AcceptAsync(InboundPacket packet)
    {
        switch (packet.Number)
        {
            case MessageNumber.Disconnect:
                // What came before it is not lost.
                _connection!.EndBatch();
                var disconnect = Message.Decode<Disconnect>(packet.Span);
                Close(CloseReason.PeerDisconnected, $"the peer disconnected: {PeerText.Printable(disconnect.Description)} (code {(uint)disconnect.Code})", null, disconnect.Code);
                return default;
            case MessageNumber.Ignore:
                return default;
            case MessageNumber.Debug:
                Log.PeerDebug(_logger, Message.Decode<Debug>(packet.Span).Text);
                return default;
            case MessageNumber.Unimplemented:
                Log.PeerUnimplemented(_logger, Message.Decode<Unimplemented>(packet.Span).SequenceNumber);
                return default;
            case MessageNumber.ExtensionInfo:
                Volatile.Write(ref _peerExtensions, _peerExtensions.With(Message.Decode<ExtensionInfo>(packet.Span)));
                return default;
            case MessageNumber.Ping:
                Send(new Pong(Message.Decode<Ping>(packet.Span).Data));
                return default;
            case MessageNumber.Pong:
                return default;
            case >= MessageNumber.KexInit and < MessageNumber.UserAuthRequest:
                return ExchangeAsync(packet);
            case < MessageNumber.GlobalRequest:
                return _authentication!.HandleAsync(packet);
            default:
                return _connection!.HandleAsync(packet);
        }
    }

    // Its signatures and key agreements would keep the thread from others.
    private async ValueTask<bool> ExchangeAsync(InboundPacket packet)
    {
        if (packet.Number is not (MessageNumber.KexInit or MessageNumber.NewKeys))
            await default(ThreadTurn);
        return await _kex!.HandleAsync(packet).ConfigureAwait(false);
    }

    private static string Name(MessageNumber number) => Enum.IsDefined(number) ? $"{(byte)number} ({number})" : $"{(byte)number}";
}
