namespace Adit.Bench.Speed;

/// <summary>What a client holds in memory.</summary>
internal static class MemoryMeasures
{
    private const double Mebibyte = 1048576;

    // After this, who is idle has given back what only the beginning took.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(6);

    /// <summary>What a client holds while it does nothing, and for each idle connection.</summary>
    public static async Task IdleAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        const int crowd = 1000;
        using var echo = new EchoServer();
        foreach (Contender contender in (Contender[])[Contender.Ssh, Contender.Adit])
        {
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, contender, [echo.Port]);
            await Task.Delay(TimeSpan.FromSeconds(1));
            samples.Add(Measure.IdleMemory, contender, tunnel.ClientMemory().Rss / Mebibyte);
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

            async Task<EchoClients> ConnectAsync(int count)
            {
                EchoClients clients = await EchoClients.ConnectAsync(tunnel.Ports[0], count);
                await clients.PingAllAsync();
                return clients;
            }
        }
    }

    /// <summary>
    /// How much more a client holds after a while of much work, with the key exchanges of ten times as long: they are what leaves something behind.
    /// </summary>
    public static async Task GrowthAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        using var target = new BulkTarget();
        foreach (Contender contender in (Contender[])[Contender.Ssh, Contender.Adit])
        {
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, contender, [target.Port], options: ["-o", "RekeyLimit=100M"]);
            BulkTarget.Receive(tunnel.Ports[0], options.Steady / 4, BulkMeasures.WarmUp);
            long before = tunnel.ClientMemory().Rss;
            BulkTarget.Receive(tunnel.Ports[0], options.Steady, BulkMeasures.WarmUp);
            samples.Add(Measure.Growth, contender, (tunnel.ClientMemory().Rss - before) / Mebibyte);
        }
    }
}
