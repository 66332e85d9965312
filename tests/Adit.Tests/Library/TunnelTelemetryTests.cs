using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

public sealed class TunnelTelemetryTests : LibraryTest
{
    [Fact]
    public async Task What_outlives_its_caller_is_not_part_of_his_trace()
    {
        string destination = $"ssh://joe@127.0.0.1:{Server.Port}";
        List<Activity> activities = [];
        using ActivityListener tracing = Trace(destination, activities);
        using var request = new Activity("request");
        await using SshTunnel tunnel = SshTunnel.Create(destination, Server.Options with { User = null, Port = null });
        request.Start();
        await tunnel.EnsureOpenAsync().TestTime();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        Activity.Current = null;
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(["adit.open", "adit.connect"], activities.Select(static activity => activity.OperationName));
        Assert.Equal(request.SpanId, activities[0].ParentSpanId);
        Assert.Equal(default, activities[1].ParentSpanId);
    }

    [Fact]
    public async Task Traces_and_metrics_say_where_and_what_failed()
    {
        string destination = $"ssh://joe@127.0.0.1:{Server.Port}";
        List<Activity> activities = [];
        using ActivityListener tracing = Trace(destination, activities);
        Dictionary<string, long> sums = new(StringComparer.Ordinal);
        using var metering = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == TunnelTelemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        metering.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            Dictionary<string, object?> all = new([.. tags], StringComparer.Ordinal);
            if (!destination.Equals(all["adit.destination"]))
                return;
            string key = $"{instrument.Name} {all.GetValueOrDefault("error.type") ?? all.GetValueOrDefault("network.io.direction") ?? all.GetValueOrDefault("adit.link.state")}";
            lock (sums)
                sums[key] = sums.GetValueOrDefault(key) + value;
        });
        metering.Start();

        await using (SshTunnel tunnel = await SshTunnel.OpenAsync(destination, Server.Options with { User = null, Port = null }).TestTime())
        {
            await using (TunnelStream stream = await tunnel.ConnectAsync("echo", 5432))
            {
                await stream.WriteAsync("hello"u8.ToArray());
                await stream.CompleteWritesAsync();
                await ReadToEndAsync(stream);
            }

            await Assert.ThrowsAsync<TargetUnreachableException>(() => tunnel.ConnectAsync("db", 1));
        }

        Assert.Equal(["adit.open", "adit.connect", "adit.connect"], activities.Select(static activity => activity.OperationName));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Unset, ActivityStatusCode.Error], activities.Select(static activity => activity.Status));
        Assert.Equal("refused", activities[2].GetTagItem("error.type"));
        Assert.Equal("echo", activities[1].GetTagItem("server.address"));
        Assert.Equal(0, sums["adit.connections.active "]);
        Assert.Equal(1, sums["adit.connections "]);
        Assert.Equal(1, sums["adit.connections refused"]);
        Assert.Equal(5, sums["adit.io transmit"]);
        Assert.Equal(6, sums["adit.io receive"]);
        Assert.Equal(1, sums["adit.links opened"]);
    }

    private static ActivityListener Trace(string destination, List<Activity> activities)
    {
        var tracing = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == TunnelTelemetry.Name,
            Sample = static (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (destination.Equals(activity.GetTagItem("adit.destination")))
                {
                    lock (activities)
                        activities.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(tracing);
        return tracing;
    }
}
