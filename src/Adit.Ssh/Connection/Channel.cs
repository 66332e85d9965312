using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// A channel of RFC 4254 section 5: two byte streams with half-close and flow control. The same class on client and server.
/// One read and one write may be under way at a time, beside each other; everything else is safe to call from anywhere.
/// Its owner disposes it.
/// </summary>
public sealed class Channel : IPacketSource, IAsyncDisposable
{
    private readonly SshConnection _connection;
    private readonly ChannelReceiver _receiver;
    private readonly ChannelSender _sender;
    private readonly ChannelRequests _requests;
    private ChannelState _state;
    private TaskCompletionSource? _closed;
    private bool _queued;

    internal Channel(SshConnection connection, uint localId, string type, ChannelOptions options, Action<IncomingRequest>? onRequest = null)
    {
        _connection = connection;
        _receiver = new(this, options);
        _sender = new(this, options.ContinueInline);
        _requests = new(this, onRequest);
        LocalId = localId;
        Type = type;
        Description = options.Description;
    }

    /// <summary>The channel type, such as <c>direct-tcpip</c>.</summary>
    public string Type { get; }

    /// <summary>As <see cref="ChannelOptions.Description"/> says.</summary>
    public string? Description { get; }

    internal uint LocalId { get; }

    internal uint RemoteId { get; private set; }

    internal int RemoteMaxPacket { get; private set; }

    /// <summary>Completed by the peer's answer to CHANNEL_OPEN.</summary>
    internal TaskCompletionSource Opening { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal bool IsOpen { get; private set; }

    /// <summary>Guards all state of the channel and of its parts.</summary>
    internal Lock Sync { get; } = new();

    /// <summary>How far it has come to its end. Guarded by <see cref="Sync"/>, as is the following.</summary>
    internal ref ChannelState State => ref _state;

    /// <summary>Why it has ended; null while it has not.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>Our CLOSE is sent or due, be it in answer to the peer's: nothing more may be sent on the channel (RFC 4254 section 5.3).</summary>
    public bool IsClosing
    {
        get
        {
            lock (Sync)
                return _state.CloseRequested;
        }
    }

    /// <summary>This side has said all that it had to say, and the peer has not closed the channel yet.</summary>
    internal bool IsLeaving
    {
        get
        {
            lock (Sync)
                return IsOpen && _state is { EofRequested: true, CloseRequested: true, CloseReceived: false };
        }
    }

    /// <summary>CLOSE has gone both ways.</summary>
    internal bool IsGone
    {
        get
        {
            lock (Sync)
                return _state.IsGone;
        }
    }

    /// <summary>
    /// The next data from the peer; empty at the end of its direction. The memory is valid until the next call of this method, or until
    /// the channel is disposed; by calling again the reader gives it back, and the peer its window.
    /// </summary>
    /// <exception cref="SshException">The channel was aborted, or its connection ended.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken = default) => _receiver.ReadAsync(cancellationToken);

    /// <summary>
    /// Takes further data that is there already, without giving back what was read last: all of it stays valid until the next
    /// <see cref="ReadAsync"/>. For the reader alone, between two reads.
    /// </summary>
    /// <returns>False where nothing more is there now.</returns>
    public bool TryReadMore(out ReadOnlyMemory<byte> data) => _receiver.TryReadMore(out data);

    /// <summary>
    /// As <see cref="ReadAsync(CancellationToken)"/>, for the extended data of type stderr, of a channel that was opened with
    /// <see cref="ChannelOptions.ReceiveErrors"/>. It shares the window with the data: whoever stops reading one stops the other. One read
    /// of each kind may be under way at a time.
    /// </summary>
    /// <exception cref="SshException">The channel was aborted, or its connection ended.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadErrorAsync(CancellationToken cancellationToken = default) =>
        _receiver.ReadErrorAsync(cancellationToken);

    /// <summary>
    /// Sends data. Completes when all of it was taken over; until then the memory must not change. Waits while the peer's window is used up.
    /// A cancelled write may have sent a part.
    /// </summary>
    /// <exception cref="SshException">The output was completed, the channel closed by either side, or its connection ended.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        _sender.WriteAsync(data, isError: false, cancellationToken);

    /// <summary>As <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, as extended data of type stderr. It shares the window, and the one write at a time, with the data.</summary>
    /// <exception cref="SshException">The output was completed, the channel closed by either side, or its connection ended.</exception>
    public ValueTask WriteErrorAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        _sender.WriteAsync(data, isError: true, cancellationToken);

    /// <summary>Sends a request of the channel that wants no reply (RFC 4254 section 5.4), behind the data that was written so far.</summary>
    /// <param name="name">The request's name, such as <c>exit-status</c>.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    public void Notify(string name, byte[] fields) => _requests.Notify(name, fields);

    /// <summary>Sends a request of the channel and waits for its reply (RFC 4254 section 5.4).</summary>
    /// <param name="name">The request's name, such as <c>exec</c>.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Whether the peer said yes.</returns>
    /// <exception cref="SshException">The channel was closed by either side, or its connection ended.</exception>
    public ValueTask<bool> RequestAsync(string name, byte[] fields, CancellationToken cancellationToken = default) =>
        _requests.RequestAsync(name, fields, cancellationToken);

    /// <summary>Completes when the peer has closed the channel and will send nothing more, no request either.</summary>
    /// <exception cref="SshException">The channel was aborted, or its connection ended, before.</exception>
    public Task WaitForCloseAsync()
    {
        lock (Sync)
        {
            if (_state.CloseReceived)
                return Task.CompletedTask;
            return Failure is { } failure ? Task.FromException(failure) : (_closed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Where the channel stands.</summary>
    public ChannelStatus Status()
    {
        lock (Sync)
        {
            return new()
            {
                Number = (int)LocalId,
                RemoteNumber = IsOpen ? RemoteId : null,
                Type = Type,
                Description = Description,
                Unsent = _sender.Unsent,
                Unread = _receiver.Unread,
                OutputEnded = _state.EofRequested || _state.CloseRequested,
                InputEnded = _state.InputEnded,
            };
        }
    }

    /// <summary>Ends this side's direction with EOF; the other one goes on. Calling it again does nothing.</summary>
    public void CompleteOutput()
    {
        bool queue;
        lock (Sync)
        {
            _state.RequestEof();
            queue = QueueIfDue();
        }

        if (queue)
            Ready();
    }

    /// <summary>Closes the channel in both directions at once; what was not sent or read is dropped.</summary>
    public void Abort() => Fail(new SshException("the channel was closed by this side"));

    /// <summary>Closes the channel, behind an EOF that is still due. Does not wait for the peer.</summary>
    public ValueTask DisposeAsync()
    {
        Abort();
        lock (Sync)
            _receiver.Release();
        return default;
    }

    bool IPacketSource.Produce(PacketWriter writer)
    {
        ReadOnlyMemory<byte> chunk;
        uint adjustment;
        bool isError = false;
        byte[][] control = [];
        lock (Sync)
        {
            if (IsOpen && !_state.CloseSent)
                control = _requests.TakeUnsent();
            adjustment = _state.CloseSent || !IsOpen ? 0 : _receiver.TakeAdjustment();
            chunk = _state.CloseRequested || !IsOpen ? default : _sender.Take(Math.Min(RemoteMaxPacket, writer.MostData), out isError);
        }

        foreach (byte[] payload in control)
            writer.Write(payload);
        if (adjustment > 0)
            ChannelPackets.WriteAdjustment(writer, RemoteId, adjustment);
        if (!chunk.IsEmpty)
            ChannelPackets.WriteData(writer, RemoteId, chunk.Span, isError);
        return Settle(writer, chunk.Length);
    }

    /// <summary>The peer confirmed the channel (CHANNEL_OPEN_CONFIRMATION), or opened it itself.</summary>
    internal void OnOpened(uint remoteId, uint window, uint maxPacket)
    {
        RemoteId = remoteId;
        RemoteMaxPacket = (int)Math.Min(maxPacket, (uint)_connection.Options.MaxDataPacket);
        if (RemoteMaxPacket == 0)
            throw new SshProtocolException(CloseReason.ProtocolError, "the peer opened a channel with a maximum packet size of 0");
        bool queue;
        lock (Sync)
        {
            _sender.Open(window);
            IsOpen = true;
            queue = QueueIfDue();
        }

        Opening.TrySetResult();
        if (queue)
            Ready();
    }

    /// <summary>CHANNEL_DATA arrived. True when the packet's memory was taken over.</summary>
    internal bool OnData(InboundPacket packet, int dataStart) => _receiver.Receive(extendedType: null, packet, dataStart);

    /// <summary>CHANNEL_EXTENDED_DATA arrived. What nobody reads is credited and dropped. True when the packet's memory was taken over.</summary>
    internal bool OnExtendedData(uint type, InboundPacket packet, int dataStart) =>
        _receiver.Receive(type, packet, dataStart);

    internal void OnWindowAdjust(uint bytes) => _sender.Grow(bytes);

    internal void OnEof()
    {
        ChannelReceiver.EndedReads ended;
        lock (Sync)
        {
            if (!_state.TryReceiveEof())
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent EOF twice, or behind its CLOSE");
            ended = _receiver.EndReads();
        }

        ended.Complete();
    }

    /// <summary>CHANNEL_SUCCESS or CHANNEL_FAILURE arrived.</summary>
    internal void OnReply(bool success) => _requests.OnReply(success);

    /// <summary>CHANNEL_CLOSE arrived. True when the channel is gone: CLOSE has gone both ways.</summary>
    internal bool OnClose()
    {
        ChannelReceiver.EndedReads reads;
        bool failWrite;
        bool queue;
        bool gone;
        var failure = new SshException("the channel was closed by the peer");
        lock (Sync)
        {
            if (!_state.TryReceiveClose())
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent CLOSE twice");
            Failure ??= failure;
            _closed?.TrySetResult();
            _requests.Fail(failure);
            reads = _receiver.EndReads();
            failWrite = _sender.TryFail(failure);
            queue = QueueIfDue();
            gone = _state.IsGone;
        }

        reads.Complete();
        if (failWrite)
            _sender.End(failure);
        if (queue)
            Ready();
        return gone;
    }

    /// <summary>CHANNEL_REQUEST arrived.</summary>
    internal void OnRequest(in ChannelRequest message) => _requests.OnRequest(message);

    /// <summary>Ends the channel on this side: by its owner, or because the connection ended.</summary>
    internal void Fail(Exception failure)
    {
        ChannelReceiver.EndedReads reads;
        bool failWrite;
        bool queue;
        lock (Sync)
        {
            Failure ??= failure;
            if (_closed?.TrySetException(failure) is true)
                _ = _closed.Task.Exception;
            _requests.Fail(failure);
            _state.RequestClose();
            _receiver.Drop();
            reads = _receiver.EndReads();
            failWrite = _sender.TryFail(failure);
            queue = QueueIfDue();
        }

        Opening.TrySetException(failure);
        _ = Opening.Task.Exception; // a cancelled opening has nobody left to observe it
        reads.Fail(failure);
        if (failWrite)
            _sender.End(failure);
        if (queue)
            Ready();
    }

    /// <summary>Ends the connection, whose peer does what it may not.</summary>
    internal void CloseConnection(string text) => _connection.Close(CloseReason.ProtocolError, text);

    /// <summary>Has sent what is due.</summary>
    internal void Wake()
    {
        bool queue;
        lock (Sync)
            queue = QueueIfDue();
        if (queue)
            Ready();
    }

    internal WindowGrowth WindowGrowth => _connection.WindowGrowth;

    internal WindowSharing WindowSharing => _connection.WindowSharing;

    /// <summary>Data has come for a read that waits. It is handed over when all that came with it is here.</summary>
    internal void WakeAfterBatch(ChannelInput input) => _connection.WakeAfterBatch(input);

    internal static SshException Ended() => new("the channel's output was completed");

    /// <summary>
    /// Whether there is something to send that nobody has announced: the caller does, by <see cref="Ready"/>. Called with the lock held.
    /// </summary>
    internal bool QueueIfDue()
    {
        if (_queued || !HasWork)
            return false;
        return _queued = true;
    }

    /// <summary>Announces to the send loop that there is something to send. Called without the lock.</summary>
    internal void Ready() => _connection.Outbox.Ready(this);

    private bool HasWork => IsOpen
        && !_state.CloseSent
        && (_requests.HasUnsent || _receiver.AdjustmentDue || _state.OwesClose || (_sender.Unsent == 0 ? _state.OwesEof : _sender.HasWindow));

    // After a turn: completes the write, sends EOF and CLOSE when they are due, and says whether there is more to do.
    private bool Settle(PacketWriter writer, int sent)
    {
        bool writeEnds;
        bool sendEof;
        bool sendClose;
        bool more;
        Exception? writeFailure;
        lock (Sync)
        {
            writeEnds = _sender.Settle(sent, out writeFailure);
            sendEof = IsOpen && _state.OwesEof && _sender.Unsent == 0;
            sendClose = IsOpen && _state.OwesClose;
            if (sendEof)
                _state.OnEofSent();
            if (sendClose)
                _state.OnCloseSent();
            more = _queued = HasWork;
        }

        if (sendEof)
            writer.Write(Message.Encode(new ChannelEof(RemoteId)));
        if (sendClose)
        {
            writer.Write(Message.Encode(new ChannelClose(RemoteId)));
            _connection.OnCloseSent(this);
        }

        if (writeEnds)
            _sender.End(writeFailure);
        return more;
    }
}
