using System.Runtime.CompilerServices;

namespace Adit.Ssh.Connection;

/// <summary>
/// The sending half of a channel: the write that is under way, and the window that the peer gives it. Everything but
/// <see cref="WriteAsync"/>, <see cref="Grow"/> and <see cref="End"/> is called with the channel's lock held.
/// </summary>
internal sealed class ChannelSender(Channel channel, bool continueInline)
{
    private readonly PendingOperation<bool> _write = new(continueInline);
    private SendWindow _window;
    private ReadOnlyMemory<byte> _unsent;
    private Exception? _failure;
    private bool _unsentIsError;
    private bool _sealing;

    /// <summary>Bytes that were written and not sent.</summary>
    public int Unsent => _unsent.Length;

    /// <summary>The peer takes more.</summary>
    public bool HasWindow => _window.Available > 0;

    public void Open(uint window) => _window = new(window);

    /// <summary>As <see cref="Channel.WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool isError, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (data.IsEmpty)
            return default;
        short token;
        bool queue;
        lock (channel.Sync)
        {
            if (channel.Failure is not null || !channel.State.MayWrite)
                return ValueTask.FromException(channel.Failure ?? Channel.Ended());
            token = _write.Start();
            _unsent = data;
            _unsentIsError = isError;
            queue = channel.QueueIfDue();
        }

        if (queue)
            channel.Ready();
        ValueTask pending = new(_write, token);
        return cancellationToken.CanBeCanceled && !pending.IsCompleted ? WaitAsync(pending, cancellationToken) : pending;
    }

    /// <summary>The peer credits us with more.</summary>
    public void Grow(uint bytes)
    {
        bool queue;
        lock (channel.Sync)
        {
            if (!_window.TryAdd(bytes))
                throw new SshProtocolException(CloseReason.ProtocolError, "the peer grew a channel's window beyond 2^32 - 1 bytes");
            queue = channel.QueueIfDue();
        }

        if (queue)
            channel.Ready();
    }

    /// <summary>What to seal now, out of the writer's memory; empty for nothing. <see cref="Settle"/> follows.</summary>
    public ReadOnlyMemory<byte> Take(int most, out bool isError)
    {
        isError = _unsentIsError;
        int length = _window.Take(Math.Min(_unsent.Length, most));
        ReadOnlyMemory<byte> chunk = _unsent[..length];
        _unsent = _unsent[length..];
        _sealing = length > 0;
        return chunk;
    }

    /// <summary>What was taken is sealed. True when that ends the write, which is then to be told by <see cref="End"/>.</summary>
    public bool Settle(int sent, out Exception? failure)
    {
        _sealing = false;
        failure = _failure;
        _failure = null;
        if (failure is not null)
            Drop();
        return sent > 0 && _unsent.IsEmpty && _write.TryEnd();
    }

    /// <summary>
    /// Nothing more is sent. True when that ends the write, which is then to be told by <see cref="End"/>. While the send loop reads the
    /// caller's memory, the write can only fail behind it.
    /// </summary>
    public bool TryFail(Exception failure)
    {
        if (_sealing)
        {
            _failure = failure;
            return false;
        }

        Drop();
        return _write.TryEnd();
    }

    /// <summary>Completes the write.</summary>
    public void End(Exception? failure)
    {
        if (failure is null)
            _write.SetResult(true);
        else
            _write.SetException(failure);
    }

    // An EOF behind data that was dropped would make the rest look like the whole.
    private void Drop()
    {
        if (!_unsent.IsEmpty && channel.State.OwesEof)
            channel.State.CutOutput();
        _unsent = default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(ValueTask pending, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((ChannelSender)state!).Cancel(token), this);
        await pending.ConfigureAwait(false);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        var cancelled = new OperationCanceledException(cancellationToken);
        bool ends;
        bool queue;
        lock (channel.Sync)
        {
            ends = _write.IsPending && TryFail(cancelled);
            queue = channel.QueueIfDue();
        }

        if (ends)
            _write.SetException(cancelled);
        if (queue)
            channel.Ready();
    }
}
