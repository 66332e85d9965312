using Adit.Gateway.Audit;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Keeps what happens at a gateway, and lets a test wait for it.</summary>
internal sealed class EventList : IGatewayEvents
{
    private readonly Lock _sync = new();
    private readonly List<GatewayEvent> _all = [];
    private readonly List<(Func<GatewayEvent, bool> Fits, TaskCompletionSource<GatewayEvent> Heard)> _waiting = [];

    public GatewayEvent[] All
    {
        get
        {
            lock (_sync)
                return [.. _all];
        }
    }

    public void Report(GatewayEvent happened)
    {
        lock (_sync)
        {
            _all.Add(happened);
            foreach ((Func<GatewayEvent, bool> fits, TaskCompletionSource<GatewayEvent> heard) in _waiting)
            {
                if (fits(happened))
                    heard.TrySetResult(happened);
            }
        }
    }

    /// <summary>The first event of a kind, also one that is past.</summary>
    public Task<GatewayEvent> Heard(GatewayEventKind kind, Func<GatewayEvent, bool>? which = null)
    {
        bool Fits(GatewayEvent happened) => happened.Event == kind && which?.Invoke(happened) is not false;
        lock (_sync)
        {
            if (_all.Find(Fits) is { } past)
                return Task.FromResult(past);
            var heard = new TaskCompletionSource<GatewayEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((Fits, heard));
            return heard.Task.TestTime($"the event {kind}");
        }
    }

    public int Count(GatewayEventKind kind) => All.Count(happened => happened.Event == kind);
}
