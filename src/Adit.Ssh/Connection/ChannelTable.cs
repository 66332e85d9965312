namespace Adit.Ssh.Connection;

/// <summary>The channels of a connection by their local number. Looked up by the receive loop without a lock; changed under one.</summary>
internal sealed class ChannelTable(int limit)
{
    private readonly Lock _sync = new();
    private readonly Stack<uint> _free = new();
    private Channel?[] _slots = new Channel?[16];
    private uint _used;
    private Exception? _closed;
    private readonly TaskCompletionSource _allLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HashSet<Channel>? _leaving;

    public int Count
    {
        get
        {
            lock (_sync)
                return (int)_used - _free.Count;
        }
    }

    /// <summary>All channels, by their numbers.</summary>
    public IReadOnlyList<Channel> All
    {
        get
        {
            lock (_sync)
                return [.. _slots.OfType<Channel>()];
        }
    }

    /// <summary>The channel with this number, if there is one.</summary>
    public Channel? Find(uint localId)
    {
        Channel?[] slots = Volatile.Read(ref _slots);
        return localId < (uint)slots.Length ? Volatile.Read(ref slots[localId]) : null;
    }

    /// <exception cref="ChannelOpenException">The limit is reached.</exception>
    public Channel Add(Func<uint, Channel> create)
    {
        lock (_sync)
        {
            if (_closed is { } closed)
                throw closed;
            if (_used - _free.Count >= limit)
                throw new ChannelOpenException(ChannelOpenFailureReason.ResourceShortage, $"the limit of {limit} channels on one connection is reached");
            if (!_free.TryPop(out uint id))
                id = _used++;
            if (id == _slots.Length)
                Grow();
            return _slots[id] = create(id);
        }
    }

    public void Remove(Channel channel)
    {
        lock (_sync)
        {
            if (_slots[channel.LocalId] != channel)
                return;
            _slots[channel.LocalId] = null;
            _free.Push(channel.LocalId);
            if (_leaving?.Remove(channel) is true && _leaving.Count == 0)
                _allLeft.SetResult();
        }
    }

    /// <summary>Completes when each channel is gone that this side has ended in order until now.</summary>
    public Task WhenLeftAsync()
    {
        lock (_sync)
        {
            _leaving ??= [.. _slots.OfType<Channel>().Where(static channel => channel.IsLeaving)];
            return _leaving.Count == 0 ? Task.CompletedTask : _allLeft.Task;
        }
    }

    /// <summary>No more channels; those that are left are returned.</summary>
    public IReadOnlyList<Channel> Close(Exception reason)
    {
        lock (_sync)
        {
            _closed = reason;
            return [.. _slots.OfType<Channel>()];
        }
    }

    private void Grow()
    {
        Channel?[] larger = new Channel?[_slots.Length * 2];
        _slots.CopyTo(larger, 0);
        Volatile.Write(ref _slots, larger);
    }
}
