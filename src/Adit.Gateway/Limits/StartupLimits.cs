using System.Net;
using Adit.Gateway.Configuration;

namespace Adit.Gateway.Limits;

/// <summary>Connections that are not authenticated yet: MaxStartups and PerSourceMaxStartups. Safe to use from several threads.</summary>
internal sealed class StartupLimits(Func<int, int> random)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<IPAddress, int> _sources = [];
    private int _count;

    /// <summary>Connections that are not authenticated yet.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
                return _count;
        }
    }

    /// <summary>Lets one more begin, which has to be given back by <see cref="Leave"/>; else says why not.</summary>
    public string? TryEnter(IPAddress address, GatewaySettings settings)
    {
        IPAddress source = SourceBlock.Of(address, settings.PerSourceNetBlockSize);
        lock (_sync)
        {
            int ofSource = _sources.GetValueOrDefault(source);
            if (settings.PerSourceMaxStartups is { } most && ofSource >= most)
                return $"{ofSource} connections from {source} are not authenticated yet (PerSourceMaxStartups)";
            if (Drops(settings.MaxStartups))
                return $"{_count} connections are not authenticated yet (MaxStartups)";
            _count++;
            _sources[source] = ofSource + 1;
            return null;
        }
    }

    public void Leave(IPAddress address, GatewaySettings settings)
    {
        IPAddress source = SourceBlock.Of(address, settings.PerSourceNetBlockSize);
        lock (_sync)
        {
            _count--;
            if (_sources.TryGetValue(source, out int count) && count > 1)
                _sources[source] = count - 1;
            else
                _sources.Remove(source);
        }
    }

    // sshd_config(5): from Begin on with a chance of Rate percent, which grows in a straight line to 100 percent at Full.
    private bool Drops(MaxStartups limits)
    {
        if (_count < limits.Begin)
            return false;
        if (_count >= limits.Full || limits.Rate >= 100)
            return true;
        int chance = limits.Rate + ((100 - limits.Rate) * (_count - limits.Begin) / (limits.Full - limits.Begin));
        return random(100) < chance;
    }
}
