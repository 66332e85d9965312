using System.Globalization;
using Adit.Bench.Servers;

namespace Adit.Bench.Connections;

/// <summary>What idle connections and channels cost a server in memory: the gateway's beside those of sshd.</summary>
internal static class ConnectionsBenchmark
{
    private const string User = "joe";

    public static async Task RunAsync(BenchOptions options, Results results)
    {
        using ServerFolder folder = await ServerFolder.CreateAsync(User, Environment.UserName);
        List<ServerCost> costs = [];
        using (ServerProcess gateway = await ServerProcess.GatewayAsync(options.Root, folder, "AditMaxChannels none"))
            costs.Add(await IdleCrowd.MeasureAsync(gateway, folder, User, options.Connections, options.Channels));
        if (options.SshdConnections > 0)
        {
            using ServerProcess sshd = await ServerProcess.SshdAsync(folder);
            costs.Add(await IdleCrowd.MeasureAsync(sshd, folder, Environment.UserName, options.SshdConnections, options.Channels));
        }

        foreach (ServerCost cost in costs)
            results.Record("connections", cost.Values());
        Print(costs);
    }

    private static void Print(List<ServerCost> costs)
    {
        string[] Row(string name, Func<ServerCost, string> value) => [name, .. costs.Select(value)];
        string[] Stage(string name, Func<ServerCost, ProcessMemory> memory) => Row(name, cost => $"{Mebibytes(memory(cost).Rss)} / {Mebibytes(memory(cost).Pss)}");
        Results.Print(
            "Idle connections and channels",
            Row(string.Empty, cost => cost.Server),
            Row("connections x channels", cost => Text($"{cost.Connections} x {cost.Channels}")),
            Row("processes with all connected", cost => Text($"{cost.Connected.Processes}")),
            Row("to connect all, s", cost => Text($"{cost.ConnectTime.TotalSeconds:0.00}")),
            Row("to open all channels, s", cost => Text($"{cost.OpenTime.TotalSeconds:0.00}")),
            Row("to echo on all channels, s", cost => Text($"{cost.UseTime.TotalSeconds:0.00}")),
            Stage("RSS / PSS at start, MiB", cost => cost.Start),
            Stage("  connections idle", cost => cost.Connected),
            Stage("  channels idle", cost => cost.Open),
            Stage("  after use", cost => cost.Used),
            Stage("  all gone", cost => cost.Gone),
            Row("PSS for each idle connection, KiB", cost => Text($"{cost.PerConnection / 1024:0.0}")),
            Row("PSS for each idle channel, KiB", cost => Text($"{cost.PerChannel / 1024:0.0}")),
            Row("PSS for each used, idle channel, KiB", cost => Text($"{cost.PerUsedChannel / 1024:0.0}")));
        if (costs.Count > 1 && costs[0].Connections != costs[1].Connections)
            Console.WriteLine($"  {costs[1].Server} was given fewer connections, since each of them is processes of its own; the costs are for each one.");
    }

    private static string Mebibytes(long bytes) => Text($"{bytes / 1048576.0:0.0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
