using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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
    // Payload of CHANNEL_DATA in front of the data: number, recipient, length.
    private const int DataHeader = 1 + sizeof(uint) + sizeof(uint);

    // SSH_EXTENDED_DATA_STDERR, RFC 4254 section 5.2.
    private const uint StandardError = 1;

    // Requests and answers that wait; a peer that asks and does not read is cut off here.
    private const int MaxControl = 4096;

    private readonly SshConnection _connection;
    private readonly Action<IncomingRequest>? _onRequest;
    private readonly ReplyQueue _replies;
    private readonly Queue<byte[]> _control = new();
    private readonly ChannelInput _data;
    private readonly ChannelInput? _errors;
    private readonly PendingOperation<bool> _write = new(continueInline: false);
    private readonly Lock _sync = new();
    private ChannelState _state;
    private SendWindow _sendWindow;
    private ReceiveWindow _receiveWindow;
    private ChannelRequests? _requests;
    private TaskCompletionSource? _closed;
    private ReadOnlyMemory<byte> _unsent;
    private Exception? _failure;
    private Exception? _writeFailure;
    private bool _unsentIsError;
    private bool _sealing;
    private bool _queued;

    internal Channel(SshConnection connection, uint localId, string type, ChannelOptions options, Action<IncomingRequest>? onRequest = null)
    {
        _connection = connection;
        _onRequest = onRequest;
        _replies = new(EnqueueControl, Wake);
        _receiveWindow = new(options.Window);
        _data = new(_sync, options.ContinueInline);
        _errors = options.ReceiveErrors ? new(_sync, options.ContinueInline) : null;
        LocalId = localId;
        Type = type;
    }

    /// <summary>The channel type, such as <c>direct-tcpip</c>.</summary>
    public string Type { get; }

    internal uint LocalId { get; }

    internal uint RemoteId { get; private set; }

    internal int RemoteMaxPacket { get; private set; }

    /// <summary>Completed by the peer's answer to CHANNEL_OPEN.</summary>
    internal TaskCompletionSource Opening { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal bool IsOpen { get; private set; }

    /// <summary>Our CLOSE is sent or due: nothing more may be sent on the channel (RFC 4254 section 5.3).</summary>
    internal bool IsClosing
    {
        get
        {
            lock (_sync)
                return _state.CloseRequested;
        }
    }

    /// <summary>CLOSE has gone both ways.</summary>
    internal bool IsGone
    {
        get
        {
            lock (_sync)
                return _state.IsGone;
        }
    }

    /// <summary>
    /// The next data from the peer; empty at the end of its direction. The memory is valid until the next call of this method, or until
    /// the channel is disposed; by calling again the reader gives it back, and the peer its window.
    /// </summary>
    /// <exception cref="SshException">The channel was aborted, or its connection ended.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken = default) => ReadAsync(_data, cancellationToken);

    /// <summary>
    /// As <see cref="ReadAsync(CancellationToken)"/>, for the extended data of type stderr, of a channel that was opened with
    /// <see cref="ChannelOptions.ReceiveErrors"/>. It shares the window with the data: whoever stops reading one stops the other. One read
    /// of each kind may be under way at a time.
    /// </summary>
    /// <exception cref="SshException">The channel was aborted, or its connection ended.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadErrorAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(_errors ?? throw new InvalidOperationException("the channel was opened without ReceiveErrors"), cancellationToken);

    private ValueTask<ReadOnlyMemory<byte>> ReadAsync(ChannelInput input, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadOnlyMemory<byte> data;
        Exception? failure = null;
        short version = 0;
        bool waits = false;
        bool announce;
        lock (_sync)
        {
            _receiveWindow.Credit(input.Release());
            if (!input.TryTake(out data) && (!_state.InputEnded || input.IsLost))
                waits = (failure = _failure) is null;
            if (waits)
                version = input.Read.Start();
            announce = QueueIfDue();
        }

        if (announce)
            _connection.Outbox.Ready(this);
        if (failure is not null)
            return ValueTask.FromException<ReadOnlyMemory<byte>>(failure);
        if (!waits)
            return ValueTask.FromResult(data);
        return cancellationToken.CanBeCanceled ? input.WaitAsync(version, cancellationToken) : new(input.Read, version);
    }

    /// <summary>
    /// Sends data. Completes when all of it was taken over; until then the memory must not change. Waits while the peer's window is used up.
    /// A cancelled write may have sent a part.
    /// </summary>
    /// <exception cref="SshException">The output was completed, the channel closed by either side, or its connection ended.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        WriteAsync(data, isError: false, cancellationToken);

    /// <summary>As <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, as extended data of type stderr. It shares the window, and the one write at a time, with the data.</summary>
    /// <exception cref="SshException">The output was completed, the channel closed by either side, or its connection ended.</exception>
    public ValueTask WriteErrorAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        WriteAsync(data, isError: true, cancellationToken);

    /// <summary>Sends a request of the channel that wants no reply (RFC 4254 section 5.4), behind the data that was written so far.</summary>
    /// <param name="name">The request's name, such as <c>exit-status</c>.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    public void Notify(string name, byte[] fields)
    {
        EnqueueControl(Message.Encode(new ChannelRequest(RemoteId, name, WantReply: false, fields)));
        Wake();
    }

    /// <summary>Sends a request of the channel and waits for its reply (RFC 4254 section 5.4).</summary>
    /// <param name="name">The request's name, such as <c>exec</c>.</param>
    /// <param name="fields">Its own fields, encoded.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Whether the peer said yes.</returns>
    /// <exception cref="SshException">The channel was closed by either side, or its connection ended.</exception>
    public async ValueTask<bool> RequestAsync(string name, byte[] fields, CancellationToken cancellationToken = default)
    {
        Task<bool> reply;
        byte[] payload = Message.Encode(new ChannelRequest(RemoteId, name, WantReply: true, fields));
        lock (_sync)
        {
            if (_failure is not null || _state.CloseRequested)
                throw _failure ?? Ended();
            if (_control.Count == MaxControl)
                throw new SshException("the peer does not take the channel's requests");
            reply = (_requests ??= new()).Expect();
            _control.Enqueue(payload);
        }

        Wake();
        return await reply.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Completes, never fails, when the peer has closed the channel and will send nothing more, or the channel was ended on this side.</summary>
    public Task WaitForCloseAsync()
    {
        lock (_sync)
            return _state.CloseReceived || _failure is not null ? Task.CompletedTask : (_closed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool isError, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (data.IsEmpty)
            return default;
        short token;
        bool queue;
        lock (_sync)
        {
            if (_failure is not null || !_state.MayWrite)
                return ValueTask.FromException(_failure ?? Ended());
            token = _write.Start();
            _unsent = data;
            _unsentIsError = isError;
            queue = QueueIfDue();
        }

        if (queue)
            _connection.Outbox.Ready(this);
        ValueTask pending = new(_write, token);
        return cancellationToken.CanBeCanceled && !pending.IsCompleted ? WaitForWriteAsync(pending, cancellationToken) : pending;
    }

    /// <summary>Ends this side's direction with EOF; the other one goes on. Calling it again does nothing.</summary>
    public void CompleteOutput()
    {
        bool queue;
        lock (_sync)
        {
            _state.RequestEof();
            queue = QueueIfDue();
        }

        if (queue)
            _connection.Outbox.Ready(this);
    }

    /// <summary>Closes the channel in both directions at once; what was not sent or read is dropped.</summary>
    public void Abort() => Fail(new SshException("the channel was closed by this side"));

    /// <summary>Closes the channel, behind an EOF that is still due. Does not wait for the peer.</summary>
    public ValueTask DisposeAsync()
    {
        Abort();
        lock (_sync)
        {
            _data.Release();
            _errors?.Release();
        }

        return default;
    }

    bool IPacketSource.Produce(PacketWriter writer)
    {
        ReadOnlyMemory<byte> chunk;
        uint adjustment;
        bool isError;
        byte[][] control = [];
        lock (_sync)
        {
            if (IsOpen && !_state.CloseSent && _control.Count > 0)
            {
                control = [.. _control];
                _control.Clear();
            }

            isError = _unsentIsError;
            adjustment = _state.CloseSent || !IsOpen ? 0 : _receiveWindow.TakeAdjustment();
            chunk = _state.CloseRequested || !IsOpen ? default : TakeChunk();
            _sealing = !chunk.IsEmpty;
        }

        foreach (byte[] payload in control)
            writer.Write(payload);
        if (adjustment > 0)
            WriteAdjustment(writer, adjustment);
        if (!chunk.IsEmpty)
            WriteData(writer, chunk.Span, isError);
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
        lock (_sync)
        {
            _sendWindow = new(window);
            IsOpen = true;
            queue = QueueIfDue();
        }

        Opening.TrySetResult();
        if (queue)
            _connection.Outbox.Ready(this);
    }

    /// <summary>CHANNEL_DATA arrived. True when the packet's memory was taken over.</summary>
    internal bool OnData(InboundPacket packet, int dataStart) => Receive(_data, packet, dataStart);

    /// <summary>CHANNEL_EXTENDED_DATA arrived. What nobody reads is credited and dropped. True when the packet's memory was taken over.</summary>
    internal bool OnExtendedData(uint type, InboundPacket packet, int dataStart) =>
        Receive(type == StandardError ? _errors : null, packet, dataStart);

    private bool Receive(ChannelInput? input, InboundPacket packet, int dataStart)
    {
        ReadOnlyMemory<byte> handed = default;
        bool taken = false;
        bool wake = false;
        bool queue = false;
        lock (_sync)
        {
            int length = packet.Payload.Length - dataStart;
            if (_state.InputEnded)
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent data behind its EOF or CLOSE");
            if (!_receiveWindow.TryConsume(length))
                throw new SshProtocolException(CloseReason.ProtocolError, $"the peer sent {length} bytes past the channel's window");
            if (_state.CloseRequested || length == 0)
                return false;
            if (input is null)
            {
                _receiveWindow.Credit(length);
                queue = QueueIfDue();
            }
            else
            {
                taken = input.Add(packet, dataStart);
                wake = input.Read.TryEnd() && input.TryTake(out handed);
            }
        }

        if (wake)
            input!.Read.SetResult(handed);
        if (queue)
            _connection.Outbox.Ready(this);
        return taken;
    }

    internal void OnWindowAdjust(uint bytes)
    {
        bool queue;
        lock (_sync)
        {
            if (!_sendWindow.TryAdd(bytes))
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer grew a channel's window beyond 2^32 - 1 bytes");
            queue = QueueIfDue();
        }

        if (queue)
            _connection.Outbox.Ready(this);
    }

    internal void OnEof()
    {
        bool wakeData;
        bool wakeErrors;
        lock (_sync)
        {
            if (!_state.TryReceiveEof())
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent EOF twice, or behind its CLOSE");
            wakeData = _data.Read.TryEnd();
            wakeErrors = _errors is not null && _errors.Read.TryEnd();
        }

        if (wakeData)
            _data.Read.SetResult(default);
        if (wakeErrors)
            _errors!.Read.SetResult(default);
    }

    /// <summary>CHANNEL_SUCCESS or CHANNEL_FAILURE arrived.</summary>
    internal void OnReply(bool success)
    {
        bool expected;
        lock (_sync)
            expected = _requests is not null && _requests.TryReply(success);
        if (!expected)
            throw new SshProtocolException(CloseReason.ProtocolError, "the peer answered a channel request that was not sent");
    }

    /// <summary>CHANNEL_CLOSE arrived. True when the channel is gone: CLOSE has gone both ways.</summary>
    internal bool OnClose()
    {
        bool wakeData;
        bool wakeErrors;
        bool failWrite;
        bool queue;
        bool gone;
        var failure = new SshException("the channel was closed by the peer");
        lock (_sync)
        {
            if (!_state.TryReceiveClose())
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent CLOSE twice");
            _failure ??= failure;
            _closed?.TrySetResult();
            _requests?.Fail(failure);
            wakeData = _data.Read.TryEnd();
            wakeErrors = _errors is not null && _errors.Read.TryEnd();
            failWrite = TryFailWrite(failure);
            queue = QueueIfDue();
            gone = _state.IsGone;
        }

        if (wakeData)
            _data.Read.SetResult(default);
        if (wakeErrors)
            _errors!.Read.SetResult(default);
        if (failWrite)
            _write.SetException(failure);
        if (queue)
            _connection.Outbox.Ready(this);
        return gone;
    }

    /// <summary>CHANNEL_REQUEST arrived.</summary>
    internal void OnRequest(in ChannelRequest message)
    {
        var request = IncomingRequest.OfChannel(message, _replies, RemoteId);
        if (_onRequest is null)
            request.Fail();
        else
            _onRequest(request);
    }

    /// <summary>Ends the channel on this side: by its owner, or because the connection ended.</summary>
    internal void Fail(Exception failure)
    {
        bool failData;
        bool failErrors;
        bool failWrite;
        bool queue;
        lock (_sync)
        {
            _failure ??= failure;
            _closed?.TrySetResult();
            _requests?.Fail(failure);
            _state.RequestClose();
            _data.Drop();
            _errors?.Drop();
            failData = _data.Read.TryEnd();
            failErrors = _errors is not null && _errors.Read.TryEnd();
            failWrite = TryFailWrite(failure);
            queue = QueueIfDue();
        }

        Opening.TrySetException(failure);
        _ = Opening.Task.Exception; // a cancelled opening has nobody left to observe it
        if (failData)
            _data.Read.SetException(failure);
        if (failErrors)
            _errors!.Read.SetException(failure);
        if (failWrite)
            _write.SetException(failure);
        if (queue)
            _connection.Outbox.Ready(this);
    }

    // Not in the connection's control lane: nothing may be sent on the channel behind its CLOSE.
    private void EnqueueControl(byte[] payload)
    {
        bool tooMany;
        lock (_sync)
        {
            tooMany = _control.Count == MaxControl;
            if (!tooMany && !_state.CloseSent)
                _control.Enqueue(payload);
        }

        if (tooMany)
            _connection.Close(CloseReason.ProtocolError, "the peer does not read the answers to its requests");
    }

    private void Wake()
    {
        bool queue;
        lock (_sync)
            queue = QueueIfDue();
        if (queue)
            _connection.Outbox.Ready(this);
    }

    private static SshException Ended() => new("the channel's output was completed");

    // Called with the lock held, as all of the following up to Settle.
    private ReadOnlyMemory<byte> TakeChunk()
    {
        int length = _sendWindow.Take(Math.Min(_unsent.Length, RemoteMaxPacket));
        ReadOnlyMemory<byte> chunk = _unsent[..length];
        _unsent = _unsent[length..];
        return chunk;
    }

    private bool HasWork => IsOpen
        && !_state.CloseSent
        && (_control.Count > 0 || _receiveWindow.AdjustmentDue || _state.OwesClose || (_unsent.IsEmpty ? _state.OwesEof : _sendWindow.Available > 0));

    private bool QueueIfDue()
    {
        if (_queued || !HasWork)
            return false;
        return _queued = true;
    }

    // While the send loop reads the caller's memory, the write can only fail behind it.
    private bool TryFailWrite(Exception failure)
    {
        if (_sealing)
        {
            _writeFailure = failure;
            return false;
        }

        DropUnsent();
        return _write.TryEnd();
    }

    // An EOF behind data that was dropped would make the rest look like the whole.
    private void DropUnsent()
    {
        if (!_unsent.IsEmpty && _state.OwesEof)
            _state.CutOutput();
        _unsent = default;
    }

    private void WriteAdjustment(PacketWriter writer, uint bytes)
    {
        Span<byte> payload = writer.Reserve(ChannelWindowAdjust.PayloadLength);
        payload[0] = (byte)MessageNumber.ChannelWindowAdjust;
        BinaryPrimitives.WriteUInt32BigEndian(payload[1..], RemoteId);
        BinaryPrimitives.WriteUInt32BigEndian(payload[5..], bytes);
        writer.Seal(payload.Length);
    }

    // SSH_MSG_CHANNEL_DATA and SSH_MSG_CHANNEL_EXTENDED_DATA, RFC 4254 section 5.2.
    private void WriteData(PacketWriter writer, ReadOnlySpan<byte> data, bool isError)
    {
        int header = DataHeader + (isError ? sizeof(uint) : 0);
        Span<byte> payload = writer.Reserve(header + data.Length);
        payload[0] = (byte)(isError ? MessageNumber.ChannelExtendedData : MessageNumber.ChannelData);
        BinaryPrimitives.WriteUInt32BigEndian(payload[1..], RemoteId);
        if (isError)
            BinaryPrimitives.WriteUInt32BigEndian(payload[5..], StandardError);
        BinaryPrimitives.WriteUInt32BigEndian(payload[(header - sizeof(uint))..], (uint)data.Length);
        data.CopyTo(payload[header..]);
        writer.Seal(payload.Length);
    }

    // After a turn: completes the write, sends EOF and CLOSE when they are due, and says whether there is more to do.
    private bool Settle(PacketWriter writer, int sent)
    {
        bool writeEnds = false;
        bool sendEof;
        bool sendClose;
        bool more;
        Exception? writeFailure;
        lock (_sync)
        {
            _sealing = false;
            writeFailure = _writeFailure;
            _writeFailure = null;
            if (writeFailure is not null)
                DropUnsent();
            if (sent > 0 && _unsent.IsEmpty)
                writeEnds = _write.TryEnd();
            sendEof = IsOpen && _state.OwesEof && _unsent.IsEmpty;
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

        if (writeEnds && writeFailure is null)
            _write.SetResult(true);
        else if (writeEnds)
            _write.SetException(writeFailure!);
        return more;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForWriteAsync(ValueTask pending, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Channel)state!).CancelWrite(token), this);
        await pending.ConfigureAwait(false);
    }

    private void CancelWrite(CancellationToken cancellationToken)
    {
        var cancelled = new OperationCanceledException(cancellationToken);
        bool ends;
        bool queue;
        lock (_sync)
        {
            ends = _write.IsPending && TryFailWrite(cancelled);
            queue = QueueIfDue();
        }

        if (ends)
            _write.SetException(cancelled);
        if (queue)
            _connection.Outbox.Ready(this);
    }
}
