using System.Globalization;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Gateway.Audit;

/// <summary>Writes events as lines for people, in sshd's words where it has some, down to a level (LogLevel).</summary>
internal sealed class TextLog(TextWriter writer, LogVerbosity level) : IGatewayEvents
{
    private readonly Lock _sync = new();

    /// <summary>The least important events that are written; a reload may change it.</summary>
    public LogVerbosity Level { get; set; } = level;

    /// <inheritdoc/>
    public void Report(GatewayEvent happened)
    {
        if (LevelOf(happened) > Level)
            return;
        string line = Printable.Text(Line(happened));
        lock (_sync)
        {
            try
            {
                writer.WriteLine(line);
                writer.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // A full disk: a line that cannot be written must not end what it tells of.
            }
        }
    }

    private static LogVerbosity LevelOf(GatewayEvent happened) => happened.Event switch
    {
        GatewayEventKind.ReloadFailed or GatewayEventKind.Fault => LogVerbosity.Error,
        GatewayEventKind.Connected or GatewayEventKind.ChannelOpened or GatewayEventKind.ChannelClosed
            or GatewayEventKind.ForwardOpened => LogVerbosity.Verbose,
        GatewayEventKind.ForwardClosed when happened.Detail is null => LogVerbosity.Verbose,
        _ => LogVerbosity.Info,
    };

    // As sshd has it, and what searches logs expects.
    private static string Place(string? source)
    {
        int colon = source?.LastIndexOf(':') ?? -1;
        return colon > 0 ? $"{source![..colon].Trim('[', ']')} port {source[(colon + 1)..]}" : source ?? "nowhere";
    }

    private static string Line(GatewayEvent e)
    {
        string who = string.Create(CultureInfo.InvariantCulture, $"{(e.User is null ? string.Empty : $"{e.User} ")}from {Place(e.Source)} (connection {e.Connection})");
        string key = e.Key is null ? string.Empty : $": {e.Key}" + (e.Certificate is null ? string.Empty : $" {e.Certificate}");
        string why = e.Detail ?? e.Reason ?? "no reason";
        string bytes = string.Create(CultureInfo.InvariantCulture, $"{e.BytesOut} bytes out, {e.BytesIn} bytes in, {e.Seconds:0.0} s");
        return e.Event switch
        {
            GatewayEventKind.Listening => $"Server listening on {e.Bound}.",
            GatewayEventKind.Connected => $"Connection {who}",
            GatewayEventKind.ConnectionRefused => $"Refused connection {who}: {why}",
            GatewayEventKind.AuthenticationFailed => $"Failed {e.Method} for {who}{key}" + (e.Detail is null ? string.Empty : $" ({e.Detail})"),
            GatewayEventKind.Authenticated => $"Accepted {e.Method} for {who}{key}",
            GatewayEventKind.ChannelOpened => $"Opened {e.Target} for {who}, by {e.Origin}: {e.Route}",
            GatewayEventKind.ChannelRefused => $"Refused {e.Target ?? "a channel"} for {who}: {why}",
            GatewayEventKind.ChannelClosed => $"Closed {e.Target} for {who}: {e.Reason}, {bytes}" + (e.Detail is null ? string.Empty : $" ({e.Detail})"),
            GatewayEventKind.ForwardOpened => $"Listening at {e.Bound} ({e.Target}) for {who}",
            GatewayEventKind.ForwardRefused => $"Refused to listen at {e.Target} for {who}: {why}",
            GatewayEventKind.ForwardClosed => $"No longer listening at {e.Bound} ({e.Target}) for {who}" + (e.Detail is null ? string.Empty : $": {e.Detail}"),
            GatewayEventKind.RequestRefused => $"Refused {e.Target} for {who}: {why}",
            GatewayEventKind.CommandStarted => $"Started a command for {who}: {e.Target}",
            GatewayEventKind.CommandEnded => $"A command of {who} ended: {why}",
            GatewayEventKind.Disconnected => $"Disconnected {who}: {why}; {bytes}",
            GatewayEventKind.Reloaded => $"Reloaded the configuration: {why}",
            GatewayEventKind.ReloadFailed => $"The configuration was not reloaded, the old one stays: {why}",
            GatewayEventKind.Draining => $"Draining: {why}",
            GatewayEventKind.Stopped => $"Stopped: {why}",
            _ => e.Source is null ? why : $"{why}, {who}",
        };
    }
}
