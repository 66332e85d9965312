using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Configuration;

namespace Adit.Gateway.Limits;

/// <summary>
/// What misbehaving addresses have coming: PerSourcePenalties. Penalties add up; an address is refused from when it has more than the least
/// one until all of it is over. Safe to use from several threads.
/// </summary>
internal sealed class PenaltyBook(TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Pages _v4 = new();
    private readonly Pages _v6 = new();

    /// <summary>Why an address is refused now; null when it is not.</summary>
    public string? Refusal(IPAddress address, GatewaySettings settings)
    {
        SourcePenalties penalties = settings.PerSourcePenalties;
        if (!penalties.Enabled || settings.PerSourcePenaltyExemptList?.Contains(address) is true)
            return null;
        IPAddress source = SourceBlock.Of(address, settings.PerSourceNetBlockSize);
        (Pages pages, int most, bool deniesAll) = Of(source, penalties);
        DateTimeOffset now = time.GetUtcNow();
        lock (_sync)
        {
            pages.Forget(now);
            if (deniesAll && pages.Count >= most)
                return "too many addresses misbehaved (PerSourcePenalties overflow:deny-all)";
            return pages.Find(source) is { IsActive: true } entry
                ? $"{source} misbehaved and is refused for another {(entry.End - now).TotalSeconds:0} s (PerSourcePenalties)"
                : null;
        }
    }

    /// <summary>Writes a penalty down.</summary>
    public void Add(IPAddress address, TimeSpan penalty, GatewaySettings settings)
    {
        SourcePenalties penalties = settings.PerSourcePenalties;
        if (!penalties.Enabled || penalty <= TimeSpan.Zero || settings.PerSourcePenaltyExemptList?.Contains(address) is true)
            return;
        IPAddress source = SourceBlock.Of(address, settings.PerSourceNetBlockSize);
        (Pages pages, int most, bool deniesAll) = Of(source, penalties);
        DateTimeOffset now = time.GetUtcNow();
        lock (_sync)
        {
            pages.Forget(now);
            Entry old = pages.Find(source) ?? new(now, IsActive: false);
            if (deniesAll && pages.Count >= most)
                return;
            TimeSpan left = old.End - now + penalty;
            if (left > penalties.Max)
                left = penalties.Max;
            pages.Write(source, new(now + left, old.IsActive || left > penalties.Min));
            while (pages.Count > most)
                pages.ForgetFirst();
        }
    }

    private (Pages Pages, int Most, bool DeniesAll) Of(IPAddress source, SourcePenalties penalties) =>
        source.AddressFamily is AddressFamily.InterNetwork
            ? (_v4, penalties.MaxSources, penalties.OverflowDeniesAll)
            : (_v6, penalties.MaxSources6, penalties.Overflow6DeniesAll);

    private readonly record struct Entry(DateTimeOffset End, bool IsActive);

    /// <summary>The entries of one family of addresses, also in the order of their ends.</summary>
    private sealed class Pages
    {
        private readonly Dictionary<IPAddress, Entry> _entries = [];
        private readonly PriorityQueue<IPAddress, DateTimeOffset> _ends = new();

        public int Count => _entries.Count;

        public Entry? Find(IPAddress source) => _entries.TryGetValue(source, out Entry entry) ? entry : null;

        public void Write(IPAddress source, Entry entry)
        {
            bool isNew = !_entries.ContainsKey(source);
            _entries[source] = entry;
            if (isNew)
                _ends.Enqueue(source, entry.End);
        }

        /// <summary>Forgets what is over.</summary>
        public void Forget(DateTimeOffset now)
        {
            while (First() is { } first && first.End <= now)
                ForgetFirst();
        }

        /// <summary>Forgets the one that would be over first.</summary>
        public void ForgetFirst()
        {
            _ = First();
            _entries.Remove(_ends.Dequeue());
        }

        // An entry that has grown since stands too far in front.
        private Entry? First()
        {
            while (_ends.TryPeek(out IPAddress? source, out DateTimeOffset end))
            {
                Entry entry = _entries[source];
                if (entry.End == end)
                    return entry;
                _ends.DequeueEnqueue(source, entry.End);
            }

            return null;
        }
    }
}
