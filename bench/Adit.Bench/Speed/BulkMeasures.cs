namespace Adit.Bench.Speed;

/// <summary>Many bytes in one direction.</summary>
internal static class BulkMeasures
{
    public const double Megabyte = 1e6;

    private const double Gigabyte = 1e9;

    /// <summary>How long bytes flow before they count.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);

    /// <summary>As fast as this machine can, with what that costs.</summary>
    public static async Task NearAsync(IStage stage, SpeedOptions options, Samples samples)
    {
        using var target = new BulkTarget();
        await EachAsync(stage, options, samples, [target.Port], static (tunnel, options, samples) =>
        {
            (double client, double server) = tunnel.Cpu();
            double up = BulkTarget.Send(tunnel.Ports[0], options.Bulk, WarmUp);
            (double clientUp, double serverUp) = tunnel.Cpu();
            double down = BulkTarget.Receive(tunnel.Ports[0], options.Bulk, WarmUp);
            (double clientDown, double serverDown) = tunnel.Cpu();
            samples.Add(Measure.BulkUp, tunnel.Contender, up / Megabyte);
            samples.Add(Measure.BulkDown, tunnel.Contender, down / Megabyte);
            if (tunnel.Contender.Client is null)
                return;
            double seconds = (options.Bulk + WarmUp).TotalSeconds;
            samples.Add(Measure.CpuClientUp, tunnel.Contender, (clientUp - client) / (up * seconds / Gigabyte));
            samples.Add(Measure.CpuServerUp, tunnel.Contender, (serverUp - server) / (up * seconds / Gigabyte));
            samples.Add(Measure.CpuClientDown, tunnel.Contender, (clientDown - clientUp) / (down * seconds / Gigabyte));
            samples.Add(Measure.CpuServerDown, tunnel.Contender, (serverDown - serverUp) / (down * seconds / Gigabyte));
        });
    }

    /// <summary>Over a link on which an answer takes its time.</summary>
    public static async Task FarAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        using var target = new BulkTarget();
        foreach (Contender contender in Contender.Tunnels)
        {
            using var link = new LinkRelay(stage.ServerOf(contender).Port, RoundTrip);
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, contender, [target.Port], link.Port);
            for (int round = 0; round < options.Rounds; round++)
            {
                samples.Add(Measure.FarUp, contender, BulkTarget.Send(tunnel.Ports[0], options.Bulk, options.FarWarmUp) / Megabyte);
                samples.Add(Measure.FarDown, contender, BulkTarget.Receive(tunnel.Ports[0], options.Bulk, options.FarWarmUp) / Megabyte);
            }
        }
    }

    /// <summary>Has all tunnels open, and each contender its turn in each round, so that what else happens on the machine meets all of them.</summary>
    public static async Task EachAsync(
        IStage stage, SpeedOptions options, Samples samples, IReadOnlyList<int> targets, Action<TunnelUnderTest, SpeedOptions, Samples> measure)
    {
        List<TunnelUnderTest> tunnels = [];
        try
        {
            foreach (Contender contender in stage.All)
                tunnels.Add(await stage.OpenAsync(contender, targets));
            for (int round = stage.WarmsUp ? -1 : 0; round < options.Rounds; round++)
            {
                bool counts = round >= 0;
                foreach (TunnelUnderTest tunnel in tunnels)
                    await Task.Run(() => measure(tunnel, counts ? options : SpeedOptions.WarmUp, counts ? samples : new()));
            }
        }
        finally
        {
            foreach (TunnelUnderTest tunnel in tunnels)
                tunnel.Dispose();
        }
    }
}
