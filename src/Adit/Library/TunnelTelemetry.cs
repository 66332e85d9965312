using System.Diagnostics;
using System.Diagnostics.Metrics;
using Adit.Relay;

namespace Adit;

/// <summary>What the library measures: an <see cref="ActivitySource"/> and a <see cref="Meter"/> of this name, for OpenTelemetry and others.</summary>
public static class TunnelTelemetry
{
    /// <summary>The name of the activity source and of the meter: <c>Adit</c>.</summary>
    public const string Name = "Adit";

    private const string Destination = "adit.destination";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly UpDownCounter<long> Active =
        Meter.CreateUpDownCounter<long>("adit.connections.active", "{connection}", "Connections through tunnels at this moment.");

    private static readonly Counter<long> Connections =
        Meter.CreateCounter<long>("adit.connections", "{connection}", "Connections that were asked for, by how that came out.");

    private static readonly Histogram<double> Connecting = Meter.CreateHistogram<double>("adit.connect.duration", "s", "How long reaching a target took.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("adit.io", "By", "Bytes through tunnels, counted when their connection ends.");
    private static readonly Counter<long> Links = Meter.CreateCounter<long>("adit.links", "{connection}", "Connections to servers: opened, lost, failed, restored.");

    /// <summary>Begins to trace the opening of a tunnel.</summary>
    internal static Activity? Opening(string destination, ActivityContext asker) =>
        Source.StartActivity("adit.open", ActivityKind.Client, asker)?.SetTag(Destination, destination);

    /// <summary>Dials a target, traced and measured.</summary>
    internal static async ValueTask<DialedConnection> DialAsync(
        string destination, IDialer dialer, Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        using Activity? activity = Source.StartActivity("adit.connect", ActivityKind.Client);
        activity?.SetTag(Destination, destination).SetTag("server.address", target.Host ?? target.Path);
        if (!target.IsUnix)
            activity?.SetTag("server.port", target.Port);
        long began = Stopwatch.GetTimestamp();
        string? error = null;
        try
        {
            return await dialer.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = Failed(activity, e);
            throw;
        }
        finally
        {
            TagList tags = new() { { Destination, destination } };
            if (error is not null)
                tags.Add("error.type", error);
            Connecting.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
            Connections.Add(1, tags);
        }
    }

    /// <summary>Marks what an activity stands for as failed.</summary>
    /// <returns>The word for why.</returns>
    internal static string Failed(Activity? activity, Exception failure)
    {
        string word = TunnelFailure.Word(failure);
        activity?.SetStatus(ActivityStatusCode.Error, failure.Message).SetTag("error.type", word);
        return word;
    }

    /// <summary>A connection is open.</summary>
    internal static void Opened(string destination) => Active.Add(1, new KeyValuePair<string, object?>(Destination, destination));

    /// <summary>A connection that was open is over.</summary>
    internal static void Closed(string destination, long bytesToTarget, long bytesFromTarget)
    {
        KeyValuePair<string, object?> tag = new(Destination, destination);
        Active.Add(-1, tag);
        Bytes.Add(bytesToTarget, tag, new("network.io.direction", "transmit"));
        Bytes.Add(bytesFromTarget, tag, new("network.io.direction", "receive"));
    }

    /// <summary>A connection was turned away here, before a target was asked for.</summary>
    internal static void Refused(string destination) =>
        Connections.Add(1, new KeyValuePair<string, object?>(Destination, destination), new("error.type", "not_admitted"));

    /// <summary>Something became of the connection to a server.</summary>
    internal static void Link(string destination, string state) =>
        Links.Add(1, new KeyValuePair<string, object?>(Destination, destination), new("adit.link.state", state));
}
