using System.Diagnostics;
using System.Globalization;
using Adit.Bench.Servers;
using Adit.Ssh;
using Adit.Ssh.Connection;

namespace Adit.Bench.Flood;

/// <summary>A user's queries through a tunnel, without and with attackers at the gateway, and the gateway's memory before, meanwhile and after.</summary>
internal static class FloodBenchmark
{
    private const string User = "joe";

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LoginPause = TimeSpan.FromMilliseconds(500);

    // When the attackers are gone: at once, and when a server that cleans up behind them has had its time.
    private static readonly TimeSpan[] Afterwards = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30)];

    public static async Task RunAsync(BenchOptions options, Results results)
    {
        using ServerFolder folder = await ServerFolder.CreateAsync(User, AttackersProcess.User);
        using ServerProcess gateway = await ServerProcess.GatewayAsync(options.Root, folder, "LoginGraceTime 10");
        var reasons = new GatewayReasons();
        using var echo = new EchoServer();
        await using SshConnection user = await gateway.ConnectAsync(folder, User);
        var queries = new UserQueries(await OpenAsync(user, echo));
        await queries.AskAsync(Quiet);
        Latencies calm = await queries.AskAsync(Quiet);
        ProcessMemory before = gateway.Memory();
        gateway.LineWritten = reasons.Read;

        using AttackersProcess attackers = AttackersProcess.Start(options, gateway.Port, folder.KeyFile(AttackersProcess.User));
        using var over = new CancellationTokenSource();
        Task<long> peak = PeakAsync(gateway, over.Token);
        Task<(Latencies Times, int Failed)> logins = LogInAsync(gateway, folder, echo, over.Token);
        Latencies attacked = await queries.AskAsync(TimeSpan.FromSeconds(options.Seconds));
        ProcessMemory during = gateway.Memory();
        IReadOnlyDictionary<string, int[]> counts = await attackers.EndAsync();
        await over.CancelAsync();
        (Latencies loginTimes, int failedLogins) = await logins;

        Latencies later = await queries.AskAsync(Afterwards[0]);
        List<ProcessMemory> after = [gateway.Memory()];
        for (int i = 1; i < Afterwards.Length; i++)
        {
            await Task.Delay(Afterwards[i] - Afterwards[i - 1]);
            after.Add(gateway.Memory());
        }

        Results.Print(
            $"What a user notices, who asks on a tunnel that is open ({options.Attackers} attackers for {options.Seconds} s)",
            ["milliseconds", "asked", "p50", "p99", "most"],
            Row("without attackers", calm),
            Row("with attackers", attacked),
            Row("when they are gone", later),
            Row(string.Create(CultureInfo.InvariantCulture, $"new logins meanwhile ({failedLogins} failed)"), loginTimes));
        Results.Print(
            "PSS of the gateway, MiB",
            [["before", Mebibytes(before.Pss)], ["most during the attack", Mebibytes(await peak)], ["at its end", Mebibytes(during.Pss)],
                .. after.Select((memory, i) => (string[])[$"{Afterwards[i].TotalSeconds} s after it", Mebibytes(memory.Pss)])]);
        Results.Print(
            "Attackers' connections",
            [["attack", "begun", "ended by the gateway"], .. counts.Select(static pair => (string[])[pair.Key, Text(pair.Value[0]), Text(pair.Value[1])])]);
        Results.Print("Lines of the gateway's log", [["reason", "lines"], .. reasons.Counts.Select(static pair => (string[])[pair.Key, Text(pair.Value)])]);
        results.Record("flood", new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["attackers"] = options.Attackers,
            ["seconds"] = options.Seconds,
            ["calm"] = calm,
            ["attacked"] = attacked,
            ["later"] = later,
            ["logins"] = loginTimes,
            ["loginsFailed"] = failedLogins,
            ["pssBefore"] = before.Pss,
            ["pssPeak"] = await peak,
            ["pssAfter"] = after.Select(static memory => memory.Pss),
            ["connections"] = counts,
            ["reasons"] = reasons.Counts.ToDictionary(StringComparer.Ordinal),
        });
    }

    private static async Task<Channel> OpenAsync(SshConnection connection, EchoServer echo) =>
        await connection.OpenTcpAsync("127.0.0.1", echo.Port, "127.0.0.1", 1);

    private static async Task<long> PeakAsync(ServerProcess gateway, CancellationToken over)
    {
        long peak = 0;
        while (!over.IsCancellationRequested)
        {
            peak = Math.Max(peak, gateway.Memory().Pss);
            await Task.Delay(Sampling, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return peak;
    }

    // Until the first answer through a tunnel.
    private static async Task<(Latencies Times, int Failed)> LogInAsync(ServerProcess gateway, ServerFolder folder, EchoServer echo, CancellationToken over)
    {
        List<TimeSpan> times = [];
        int failed = 0;
        while (!over.IsCancellationRequested)
        {
            long started = Stopwatch.GetTimestamp();
            try
            {
                await using SshConnection connection = await gateway.ConnectAsync(folder, User);
                await using Channel channel = await OpenAsync(connection, echo);
                await channel.WriteAsync("?"u8.ToArray(), CancellationToken.None);
                await channel.ReadAsync(CancellationToken.None);
                times.Add(Stopwatch.GetElapsedTime(started));
            }
            catch (Exception e) when (e is SshException or IOException or System.Net.Sockets.SocketException)
            {
                failed++;
            }

            await Task.Delay(LoginPause, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (Latencies.Of(times), failed);
    }

    private static string[] Row(string name, Latencies times) =>
        [name, Text(times.Count), Milliseconds(times.P50), Milliseconds(times.P99), Milliseconds(times.Most)];

    private static string Milliseconds(double time) => time.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Mebibytes(long bytes) => (bytes / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
