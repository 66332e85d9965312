namespace Adit.Ssh.Connection;

/// <summary>What the peer lets us send on a channel, RFC 4254 section 5.2. Guarded by the channel's lock.</summary>
internal struct SendWindow(uint initial)
{
    private uint _available = initial;

    public readonly uint Available => _available;

    /// <summary>Adds the peer's credit. False when it would exceed 2^32 - 1, which no peer may do.</summary>
    public bool TryAdd(uint bytes)
    {
        if (bytes > uint.MaxValue - _available)
            return false;
        _available += bytes;
        return true;
    }

    /// <summary>Takes up to <paramref name="wanted"/> bytes.</summary>
    public int Take(int wanted)
    {
        int taken = (int)Math.Min(_available, (uint)wanted);
        _available -= (uint)taken;
        return taken;
    }
}

/// <summary>
/// What we let the peer send on a channel. Checked on arrival, credited when the data was consumed, so that unread data never exceeds
/// the window. While it is shared with questions, some of the credit is withheld. Guarded by the channel's lock.
/// </summary>
internal struct ReceiveWindow(uint size)
{
    // Often enough that the peer does not run dry, seldom enough to cost nothing.
    private const uint AdjustmentsPerWindow = 4;

    // After the last question: some hundredths of a second of a fast transfer.
    private const uint SharedFor = 16 * 1024 * 1024;

    private readonly uint _initial = size;
    private uint _size = size;
    private uint _available = size;
    private uint _credit;
    private uint _withheld;
    private uint _sharedFor;
    private uint _questions;
    private uint? _questionsOfOthers;
    private bool _isBehindMore;
    private uint _read;
    private long _readSince;

    /// <summary>As much as may be unread.</summary>
    public readonly uint Size => _size;

    public readonly bool AdjustmentDue => _credit >= _withheld + ((_size - _withheld) / AdjustmentsPerWindow);

    /// <summary>It grows no more: by how much it had grown.</summary>
    public uint EndGrowth()
    {
        uint grown = _size - _initial;
        _size = _initial;
        _withheld = 0;
        return grown;
    }

    /// <summary>Counts data that arrived. False when the peer overran the window.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="sharing">Is told of a question.</param>
    public bool TryConsume(int bytes, WindowSharing? sharing)
    {
        if ((uint)bytes > _available)
            return false;
        _available -= (uint)bytes;
        bool isSmall = WindowSharing.IsSmall(bytes);
        // What is small behind what is not is the end of that, which had no room in a packet or in the window.
        if (isSmall && !_isBehindMore)
        {
            _questions++;
            sharing?.Count();
        }

        _isBehindMore = !isSmall;
        return true;
    }

    /// <summary>Counts data that was consumed on this side.</summary>
    public void Credit(int bytes) => _credit += (uint)bytes;

    /// <summary>The credit to announce to the peer now; none when it is not worth a message yet.</summary>
    /// <param name="growth">What the window may grow by; null where it may not.</param>
    /// <param name="sharing">What it is shared with; null for nothing.</param>
    public uint TakeAdjustment(WindowGrowth? growth, WindowSharing? sharing)
    {
        if (!AdjustmentDue)
            return 0;
        uint read = _credit - _withheld;
        Shrink(growth);
        _withheld = Withhold(sharing, read);
        if (!AdjustmentDue)
            return 0;
        uint credit = _credit - _withheld + Grow(growth, read);
        _available += credit;
        _credit = _withheld;
        return credit;
    }

    private void Shrink(WindowGrowth? growth)
    {
        if (_size == _initial || growth is not { WasInVain: true })
            return;
        uint less = Math.Min(_credit, _size - _initial);
        _size -= less;
        _credit -= less;
        growth.GiveBack(less);
    }

    private uint Withhold(WindowSharing? sharing, uint read)
    {
        if (sharing is null)
            return 0;
        _sharedFor -= Math.Min(_sharedFor, read);
        uint ofOthers = sharing.Questions - _questions;
        // Those from before this channel are long answered.
        if (_questionsOfOthers is { } known && known != ofOthers)
            _sharedFor = SharedFor;
        _questionsOfOthers = ofOthers;
        return _sharedFor == 0 ? 0 : _size - Math.Min(_size, sharing.Window);
    }

    private uint Grow(WindowGrowth? growth, uint read)
    {
        _read += read;
        if (growth is null || _read < _size / 2)
            return 0;
        uint more = growth.Growth(_size, _readSince);
        _size += more;
        _read = 0;
        _readSince = growth.Now;
        return more;
    }
}
