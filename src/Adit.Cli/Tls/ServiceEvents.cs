using System.Globalization;
using Adit.Relay;
using Adit.Stunnel;

namespace Adit.Cli.Tls;

/// <summary>Tells the log what happens to the connections of a service, down to its level.</summary>
/// <param name="service">The service.</param>
/// <param name="log">The log.</param>
/// <param name="refusals">What was said of those who were turned away.</param>
internal sealed class ServiceEvents(StunnelService service, TlsLog log, RefusalNotices refusals) : ITunnelEvents
{
    public void Report(TunnelEvent tunnelEvent)
    {
        switch (tunnelEvent)
        {
            case ConnectionOpened opened:
                Say(SyslogLevel.Notice, opened, string.Create(CultureInfo.InvariantCulture, $"connection {opened.ConnectionId} from {opened.Origin}{By(opened.Origin)}: {opened.Route}"));
                break;
            case ConnectionClosed closed:
                string why = closed.Failure ?? closed.End switch
                {
                    RelayEnd.IdleTimeout => "nothing moved for TIMEOUTidle",
                    RelayEnd.CloseTimeout => "one end was silent for TIMEOUTclose after the other had ended",
                    RelayEnd.Cancelled => "ended from here",
                    _ => string.Empty,
                };
                Say(SyslogLevel.Notice, closed, string.Create(
                    CultureInfo.InvariantCulture,
                    $"connection {closed.ConnectionId} from {closed.Origin} closed after {closed.Duration.TotalSeconds:0.0} s, {closed.BytesToTarget} bytes to {closed.Route.Legs[^1].To} and {closed.BytesFromTarget} back{(why.Length > 0 ? $" ({why})" : string.Empty)}"));
                break;
            case ConnectionRefused { Refusal.Kind: RefusalKind.Stopping }:
                break;
            case ConnectionRefused refused:
                if (refusals.Take(refused) is { } notice)
                    Say(SyslogLevel.Err, refused, notice);
                break;
            case AcceptFailed failed:
                Say(SyslogLevel.Err, null, $"cannot accept connections on {string.Join(", ", failed.Endpoints)}: {failed.Reason}");
                break;
            case ListenerOpened opened:
                Say(SyslogLevel.Debug, null, $"takes connections on {string.Join(", ", opened.Endpoints)}");
                break;
            case ListenerClosed closed:
                Say(SyslogLevel.Debug, null, $"takes no more connections on {string.Join(", ", closed.Endpoints)}");
                break;
            default:
                break;
        }
    }

    private static string By(ConnectionOrigin origin) => origin.Certificate is { } subject ? $" ({subject})" : string.Empty;

    private void Say(SyslogLevel level, ConnectionEvent? about, string text)
    {
        if (level <= (service.Debug ?? SyslogLevel.Notice))
            log.Write(level, $"[{(about?.Origin.Service is { Length: > 0 } asked ? asked : service.Name)}] {text}");
    }
}
