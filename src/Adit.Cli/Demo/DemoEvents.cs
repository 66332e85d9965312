using System.Collections.Concurrent;
using Adit.Gateway.Audit;

namespace Adit.Cli.Demo;

/// <summary>Keeps what the demonstration's gateway reports.</summary>
internal sealed class DemoEvents : IGatewayEvents
{
    public ConcurrentQueue<GatewayEvent> Seen { get; } = new();

    public void Report(GatewayEvent happened) => Seen.Enqueue(happened);
}
