using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>Many bytes in one direction.</summary>
internal static class BulkMeasures
{
    public const double Megabyte = 1e6;

    private const double Gigabyte = 1e9;

    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(300);

    // After this, who is idle has given back what only the beginning took.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(4.5);
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

    /// <summary>What a client holds while it does nothing, for each idle connection, and more after a while of much work.</summary>
    public static async Task MemoryAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        const int crowd = 1000;
        const double mebibyte = 1048576;
        using var target = new BulkTarget();
        using var echo = new EchoServer();
        foreach (Contender contender in (Contender[])[Contender.Ssh, Contender.Adit])
        {
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, contender, [target.Port, echo.Port]);
            await Task.Delay(TimeSpan.FromSeconds(1));
            samples.Add(Measure.IdleMemory, contender, tunnel.ClientMemory().Rss / mebibyte);
            // The first connection brings in the code that all of them use.
            using (await ConnectAsync(1))
            {
                long one = tunnel.ClientMemory().Rss;
                using (await ConnectAsync(crowd))
                {
                    await Task.Delay(Settling);
                    samples.Add(Measure.ConnectionMemory, contender, (tunnel.ClientMemory().Rss - one) / 1024.0 / crowd);
                }
            }

            // The first seconds fill pools that stay.
            BulkTarget.Receive(tunnel.Ports[0], options.Bulk, WarmUp);
            long before = tunnel.ClientMemory().Rss;
            BulkTarget.Receive(tunnel.Ports[0], options.Steady, WarmUp);
            samples.Add(Measure.Growth, contender, (tunnel.ClientMemory().Rss - before) / mebibyte);

            async Task<EchoClients> ConnectAsync(int count)
            {
                EchoClients clients = await EchoClients.ConnectAsync(tunnel.Ports[1], count);
                await clients.PingAllAsync();
                return clients;
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
