using System.Threading.Channels;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Relay;

/// <summary>Keeps the events of a tunnel, and lets a test wait for the next one of a kind.</summary>
internal sealed class RecordedEvents : ITunnelEvents
{
    private readonly Channel<TunnelEvent> _events = Channel.CreateUnbounded<TunnelEvent>();

    public void Report(TunnelEvent tunnelEvent) => _events.Writer.TryWrite(tunnelEvent);

    /// <summary>The next event, which has to be of this kind.</summary>
    public async Task<T> NextAsync<T>()
        where T : TunnelEvent =>
        Assert.IsType<T>(await NextAnyAsync());

    public Task<TunnelEvent> NextAnyAsync() => _events.Reader.ReadAsync().AsTask().TestTime();

    public bool IsEmpty => !_events.Reader.TryPeek(out _);
}
