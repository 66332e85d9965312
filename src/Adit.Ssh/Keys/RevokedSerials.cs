namespace Adit.Ssh.Keys;

/// <summary>Serial numbers as ranges: first added, then, once sorted, asked for. Without serial 0, which stands for no number.</summary>
internal sealed class RevokedSerials
{
    private readonly List<(ulong First, ulong Last)> _ranges = [];

    /// <summary>How many ranges are held.</summary>
    public int Count => _ranges.Count;

    /// <summary>Adds a range, both ends in it. One that continues the last one added takes no further memory.</summary>
    public void Add(ulong first, ulong last)
    {
        if (_ranges.Count > 0 && Joins(_ranges[^1], first))
            _ranges[^1] = (_ranges[^1].First, Math.Max(_ranges[^1].Last, last));
        else
            _ranges.Add((first, last));
    }

    /// <summary>Brings the ranges in order and joins those that touch; to be called when all are added.</summary>
    public void Sort()
    {
        _ranges.Sort();
        int kept = 0;
        for (int i = 0; i < _ranges.Count; i++)
        {
            (ulong first, ulong last) = _ranges[i];
            if (kept > 0 && Joins(_ranges[kept - 1], first))
                _ranges[kept - 1] = (_ranges[kept - 1].First, Math.Max(_ranges[kept - 1].Last, last));
            else
                _ranges[kept++] = (first, last);
        }

        _ranges.RemoveRange(kept, _ranges.Count - kept);
        _ranges.TrimExcess();
    }

    public bool Contains(ulong serial)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = low + ((high - low) / 2);
            if (serial < _ranges[middle].First)
                high = middle - 1;
            else if (serial > _ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }

    private static bool Joins((ulong First, ulong Last) range, ulong first) =>
        first >= range.First && (first <= range.Last || first - 1 == range.Last);
}
