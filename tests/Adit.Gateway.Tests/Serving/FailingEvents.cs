using Adit.Gateway.Audit;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Takes events, and fails at one kind.</summary>
internal sealed class FailingEvents(GatewayEventKind kind) : IGatewayEvents
{
    public void Report(GatewayEvent happened)
    {
        if (happened.Event == kind)
            throw new InvalidOperationException("nobody takes this event");
    }
}
