using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// The receiving half of a channel: what came as data and as stderr, and the window that both share. Everything but
/// <see cref="ReadAsync"/>, <see cref="ReadErrorAsync"/> and <see cref="Receive"/> is called with the channel's lock held.
/// </summary>
internal sealed class ChannelReceiver(Channel channel, ChannelOptions options)
{
    private readonly ChannelInput _data = new(channel.Sync, options.ContinueInline);
    private readonly ChannelInput? _errors = options.ReceiveErrors ? new(channel.Sync, options.ContinueInline) : null;
    private ReceiveWindow _window = new(options.Window);

    /// <summary>Bytes that were received and not handed out.</summary>
    public long Unread => _data.Unread + (_errors?.Unread ?? 0);

    /// <summary>The peer is to be told of its credit.</summary>
    public bool AdjustmentDue => _window.AdjustmentDue;

    /// <summary>As <see cref="Channel.ReadAsync"/>.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) => NextAsync(_data, cancellationToken);

    /// <summary>As <see cref="Channel.ReadErrorAsync"/>.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ReadErrorAsync(CancellationToken cancellationToken) =>
        NextAsync(_errors ?? throw new InvalidOperationException("the channel was opened without ReceiveErrors"), cancellationToken);

    /// <summary>As <see cref="Channel.TryReadMore"/>.</summary>
    public bool TryReadMore(out ReadOnlyMemory<byte> data)
    {
        lock (channel.Sync)
            return _data.TryTake(out data);
    }

    /// <summary>Queues the data at the end of a packet, or hands it to the read that waits. True when the packet's memory was taken over.</summary>
    /// <param name="extendedType">The type of extended data; null for data. What nobody reads is credited and dropped.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="dataStart">Where the data begins.</param>
    public bool Receive(uint? extendedType, InboundPacket packet, int dataStart)
    {
        ChannelInput? input = extendedType switch
        {
            null => _data,
            ChannelPackets.StandardError => _errors,
            _ => null,
        };
        bool taken = false;
        bool wake = false;
        bool queue = false;
        lock (channel.Sync)
        {
            int length = packet.Payload.Length - dataStart;
            if (channel.State.InputEnded)
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer sent data behind its EOF or CLOSE");
            if (!_window.TryConsume(length, channel.WindowSharing))
                throw new SshProtocolException(CloseReason.ProtocolError, $"the peer sent {length} bytes past the channel's window");
            if (channel.State.CloseRequested || length == 0)
                return false;
            if (input is null)
            {
                _window.Credit(length);
                queue = channel.QueueIfDue();
            }
            else
            {
                taken = input.Add(packet, dataStart);
                wake = input.Read.IsPending;
            }
        }

        if (wake)
            channel.WakeAfterBatch(input!);
        if (queue)
            channel.Ready();
        return taken;
    }

    /// <summary>The credit to announce to the peer now.</summary>
    /// <remarks>
    /// What a channel grows by that is about to end, nobody would give back. Who reads one of two streams may leave the other one for later,
    /// for which there has to be room.
    /// </remarks>
    public uint TakeAdjustment() => _window.TakeAdjustment(
        channel.State.CloseRequested ? null : channel.WindowGrowth,
        channel.State.CloseRequested || _errors is not null ? null : channel.WindowSharing);

    /// <summary>Drops what was not read.</summary>
    public void Drop()
    {
        _data.Drop();
        _errors?.Drop();
    }

    /// <summary>Gives back the memory that was read last, without credit.</summary>
    public void Release()
    {
        channel.WindowGrowth.GiveBack(_window.EndGrowth());
        _data.Release();
        _errors?.Release();
    }

    /// <summary>Nothing more will come: the reads that wait end. Their callers are told outside of the lock.</summary>
    public EndedReads EndReads() => new(_data.TryEndRead() ? _data.Read : null, _errors?.TryEndRead() is true ? _errors.Read : null);

    private ValueTask<ReadOnlyMemory<byte>> NextAsync(ChannelInput input, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadOnlyMemory<byte> data;
        Exception? failure = null;
        short version = 0;
        bool waits = false;
        bool announce;
        lock (channel.Sync)
        {
            _window.Credit(input.Release());
            if (!input.TryTake(out data) && (!channel.State.InputEnded || input.IsLost))
                waits = (failure = channel.Failure) is null;
            if (waits)
                version = input.Read.Start();
            announce = channel.QueueIfDue();
        }

        if (announce)
            channel.Ready();
        if (failure is not null)
            return ValueTask.FromException<ReadOnlyMemory<byte>>(failure);
        if (!waits)
            return ValueTask.FromResult(data);
        return cancellationToken.CanBeCanceled ? input.WaitAsync(version, cancellationToken) : new(input.Read, version);
    }

    /// <summary>Reads that have ended, to be completed without the lock.</summary>
    internal readonly record struct EndedReads(PendingOperation<ReadOnlyMemory<byte>>? Data, PendingOperation<ReadOnlyMemory<byte>>? Errors)
    {
        /// <summary>With the end of the peer's data.</summary>
        public void Complete()
        {
            Data?.SetResult(default);
            Errors?.SetResult(default);
        }

        public void Fail(Exception failure)
        {
            Data?.SetException(failure);
            Errors?.SetException(failure);
        }
    }
}
