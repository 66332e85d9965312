using System.Net;
using Adit.Gateway.Configuration;

namespace Adit.Gateway.Limits;

/// <summary>
/// What misbehaving addresses have coming: PerSourcePenalties. Penalties add up; an address is refused while it has more than the least one.
/// Safe to use from several threads.
/// </summary>
internal sealed class PenaltyBook(TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<IPAddress, DateTimeOffset> _until = [];
    private readonly Dictionary<IPAddress, DateTimeOffset> _enforcedUntil = [];

    /// <summary>Why an address is refused now; null when it is not.</summary>
    public string? Refusal(IPAddress address, GatewaySettings settings)
    {
        SourcePenalties penalties = settings.PerSourcePenalties;
        if (!penalties.Enabled || settings.PerSourcePenaltyExemptList?.Contains(address) is true)
            return null;
        IPAddress source = SourceBlock.Of(address, settings.PerSourceNetBlockSize);
        DateTimeOffset now = time.GetUtcNow();
        lock (_sync)
        {
            if (_enforcedUntil.TryGetValue(source, out DateTimeOffset end) && end > now)
                return $"{source} misbehaved and is refused for another {(end - now).TotalSeconds:0} s (PerSourcePenalties)";
            return penalties.OverflowDeniesAll && _until.Count >= penalties.MaxSources && !_until.ContainsKey(source)
                ? "too many addresses misbehaved (PerSourcePenalties overflow:deny-all)"
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
        DateTimeOffset now = time.GetUtcNow();
        lock (_sync)
        {
            if (_until.Count >= penalties.MaxSources && !_until.ContainsKey(source))
                Sweep(now);
            if (_until.Count >= penalties.MaxSources && !_until.ContainsKey(source))
                return;
            DateTimeOffset from = _until.TryGetValue(source, out DateTimeOffset old) && old > now ? old : now;
            DateTimeOffset end = from + penalty;
            if (end - now > penalties.Max)
                end = now + penalties.Max;
            _until[source] = end;
            if (end - now >= penalties.Min)
                _enforcedUntil[source] = end;
        }
    }

    private void Sweep(DateTimeOffset now)
    {
        foreach (IPAddress source in _until.Where(entry => entry.Value <= now).Select(static entry => entry.Key).ToArray())
        {
            _until.Remove(source);
            _enforcedUntil.Remove(source);
        }
    }
}
