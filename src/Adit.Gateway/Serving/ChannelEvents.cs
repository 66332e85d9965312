using Adit.Gateway.Audit;
using Adit.Relay;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit.Gateway.Serving;

/// <summary>Tells the events of a client's tunnels as those of the gateway.</summary>
/// <param name="connection">The client.</param>
/// <param name="asked">The remote forward that they are about; null for what the client opens.</param>
internal sealed class ChannelEvents(IGatewayClient connection, ListenRequest? asked) : ITunnelEvents
{
    /// <summary>Why the gateway ends the remote forward by itself; null where it does not.</summary>
    public string? WhyClosed { private get; set; }

    public void Report(TunnelEvent tunnelEvent)
    {
        switch (tunnelEvent)
        {
            case ConnectionOpened opened:
                connection.Report(Of(opened, GatewayEventKind.ChannelOpened) with { Route = opened.Route.ToString() });
                break;
            case ConnectionRefused refused:
                connection.Report(Of(refused, GatewayEventKind.ChannelRefused) with { Reason = refused.Refusal.Kind.ToString(), Detail = refused.Refusal.Reason });
                break;
            case ConnectionClosed closed:
                connection.Count(closed.BytesToTarget, closed.BytesFromTarget);
                connection.Report(Of(closed, GatewayEventKind.ChannelClosed) with
                {
                    BytesOut = closed.BytesToTarget,
                    BytesIn = closed.BytesFromTarget,
                    Seconds = closed.Duration.TotalSeconds,
                    Reason = closed.End.ToString(),
                    Detail = closed.Failure,
                });
                break;
            case ListenerOpened when asked is not null:
                connection.Report(Listener(tunnelEvent, GatewayEventKind.ForwardOpened, ((ListenerOpened)tunnelEvent).Endpoints));
                break;
            case ListenerClosed when asked is not null:
                connection.Report(Listener(tunnelEvent, GatewayEventKind.ForwardClosed, ((ListenerClosed)tunnelEvent).Endpoints) with { Detail = WhyClosed });
                break;
            case AcceptFailed failed:
                connection.Report(new() { Time = failed.Time, Event = GatewayEventKind.Note, Detail = failed.Reason });
                break;
            default:
                break;
        }
    }

    private GatewayEvent Of(ConnectionEvent happened, GatewayEventKind kind) => new()
    {
        Time = happened.Time,
        Event = kind,
        Channel = happened.ConnectionId,
        Origin = happened.Origin.ToString(),
        Target = asked is null ? happened.Target is { } target ? Printable.Text(target.ToString()) : null : $"the client's forward of {asked}",
    };

    private GatewayEvent Listener(TunnelEvent happened, GatewayEventKind kind, IReadOnlyList<Endpoint> bound) => new()
    {
        Time = happened.Time,
        Event = kind,
        Target = asked!.ToString(),
        Bound = string.Join(", ", bound),
    };
}
