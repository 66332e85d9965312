using Adit.Relay;
using Adit.Wording;
using Microsoft.Extensions.Logging;

namespace Adit;

/// <summary>Tells the log and the meter what happens to a tunnel.</summary>
internal sealed class TunnelReporter(string destination, ILogger logger) : ITunnelEvents
{
    public void Report(TunnelEvent tunnelEvent)
    {
        switch (tunnelEvent)
        {
            case ConnectionOpened opened:
                TunnelTelemetry.Opened(destination);
                TunnelLog.ConnectionOpened(logger, opened.ConnectionId, opened.Origin.ToString(), opened.Route.ToString());
                break;
            case ConnectionClosed closed:
                TunnelTelemetry.Closed(destination, closed.BytesToTarget, closed.BytesFromTarget);
                TunnelLog.ConnectionClosed(
                    logger, closed.ConnectionId, closed.Origin.ToString(), closed.Duration.TotalSeconds, closed.BytesToTarget,
                    closed.Target?.ToString(), closed.BytesFromTarget, Printable.Text(closed.Failure ?? "nothing failed"));
                break;
            case ConnectionRefused refused:
                if (refused.Refusal.Kind is not RefusalKind.DialFailed)
                    TunnelTelemetry.Refused(destination);
                TunnelLog.ConnectionRefused(logger, refused.Origin.ToString(), refused.Target?.ToString(), Printable.Text(refused.Refusal.Reason));
                break;
            case AcceptFailed failed:
                TunnelLog.AcceptFailed(logger, string.Join(", ", failed.Endpoints), failed.Reason);
                break;
            case LinkLost lost:
                TunnelTelemetry.Link(destination, "lost");
                TunnelLog.LinkLost(logger, destination, Printable.Text(lost.Reason));
                break;
            case LinkFailed failed:
                TunnelTelemetry.Link(destination, "failed");
                TunnelLog.LinkFailed(logger, destination, Printable.Text(failed.Reason), failed.Pause.TotalSeconds);
                break;
            case LinkRestored restored:
                TunnelTelemetry.Link(destination, "restored");
                TunnelLog.LinkRestored(logger, destination, restored.Downtime.TotalSeconds);
                break;
            default:
                break;
        }
    }
}
