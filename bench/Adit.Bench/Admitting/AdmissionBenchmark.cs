using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;

namespace Adit.Bench.Admitting;

/// <summary>What the look at a peer costs, for each kind of rule: the time between a connection that was accepted and the answer.</summary>
internal static class AdmissionBenchmark
{
    private const int WarmUp = 200;
    private const int TreeSize = 10;
    private static readonly TimeSpan SameUserGoal = TimeSpan.FromMicroseconds(50);
    private static readonly TimeSpan TreeGoal = TimeSpan.FromMilliseconds(1);

    public static async Task RunAsync(BenchOptions options, Results results)
    {
        using var crowd = new OpenSockets(options.Sockets);
        await using LocalListener tcp = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        string path = Path.Combine(Path.GetTempPath(), $"adit-bench-{Environment.ProcessId}.sock");
        await using LocalListener unix = await LocalListener.BindAsync(ListenSpec.Unix(path));
        int port = tcp.Endpoints[0].Port;
        using var tree = new TreeOfBash(TreeSize, port);
        using var other = new TreeOfBash(1, port);
        var ofTree = Rule($"pid:{tree.Root}");
        var ofBash = Rule($"exe:{tree.Program}");

        List<string[]> rows = [["rule, peer", "median µs", "p90 µs", "p99 µs", "goal µs"]];
        async Task MeasureAsync(string what, IListener listener, Func<IDisposable?> connect, Admission admission, bool admitted, TimeSpan? goal = null)
        {
            Timings timings = await TimeAsync(listener, connect, admission, admitted, options.Accepts);
            rows.Add([what, Text(timings.At(0.5)), Text(timings.At(0.9)), Text(timings.At(0.99)), goal is { } bound ? Text(bound) : ""]);
            results.Record("admission", new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["what"] = what,
                ["median_us"] = timings.At(0.5).TotalMicroseconds,
                ["p90_us"] = timings.At(0.9).TotalMicroseconds,
                ["p99_us"] = timings.At(0.99).TotalMicroseconds,
                ["goal_us"] = goal?.TotalMicroseconds,
            });
        }

        Socket Tcp() => Connect(AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Loopback, port));
        await MeasureAsync("same-user, TCP", tcp, Tcp, Admission.SameUser, admitted: true, SameUserGoal);
        await MeasureAsync("same-user, Unix socket", unix, () => Connect(AddressFamily.Unix, new UnixDomainSocketEndPoint(path)), Admission.SameUser, admitted: true, SameUserGoal);
        await MeasureAsync("self, TCP", tcp, Tcp, Rule("self"), admitted: true);
        await MeasureAsync($"pid: of a tree of {TreeSize}, a known process", tcp, () => tree.Connect(), ofTree, admitted: true, TreeGoal);
        await MeasureAsync($"pid: of a tree of {TreeSize}, a new process each time", tcp, () => tree.ConnectFromNewProcess(), ofTree, admitted: true, TreeGoal);
        await MeasureAsync($"pid: of a tree of {TreeSize}, refused and named", tcp, () => other.Connect(), ofTree, admitted: false);
        await MeasureAsync("exe:", tcp, () => tree.Connect(), ofBash, admitted: true);

        (int processes, int descriptors) = Machine();
        Results.Print(
            string.Create(CultureInfo.InvariantCulture, $"Admission, {options.Accepts} connections each; {processes} processes with {descriptors} descriptors on the machine, {options.Sockets} of them sockets here"),
            [.. rows]);
        string folder = options.Folder ?? Path.Combine(options.Root, "bench", "results");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "admission.md"), string.Create(CultureInfo.InvariantCulture, $"""
            # What it costs to look who connects

            Measured by `bench/run admission`: {options.Accepts} connections for each rule, on a machine with {Environment.ProcessorCount} cores, {processes} processes and {descriptors} descriptors.
            {options.Sockets} of those are sockets, connected over loopback, that the process of the tunnel holds itself. The time is that between a connection that was
            accepted and the answer.

            {Table(rows)}

            """));
    }

    // The median has to stay within the goal.
    private static string Table(List<string[]> rows) => string.Join('\n', rows.Select(static (row, i) => $"| {string.Join(" | ", row)} |" + (i == 0 ? "\n|---|---:|---:|---:|---:|" : "")));

    private static Admission Rule(string text) => Admission.Of(AdmissionRule.Parse(text));

    private static async Task<Timings> TimeAsync(IListener listener, Func<IDisposable?> connect, Admission admission, bool admitted, int count)
    {
        var times = new TimeSpan[count];
        for (int i = -Math.Min(WarmUp, count); i < count; i++)
        {
            using IDisposable? client = connect();
            await using IncomingConnection incoming = await listener.AcceptAsync(default) ?? throw new BenchException("the listener has closed");
            long began = Stopwatch.GetTimestamp();
            AdmissionVerdict verdict = await admission.AdmitAsync(new(incoming, null), default);
            TimeSpan took = Stopwatch.GetElapsedTime(began);
            if (verdict.IsAdmitted != admitted)
                throw new BenchException($"the verdict is wrong: {verdict.Refusal ?? "admitted"} ({verdict.Peer})");
            if (i >= 0)
                times[i] = took;
        }

        Array.Sort(times);
        return new Timings(times);
    }

    private static Socket Connect(AddressFamily family, EndPoint end)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(end);
        return socket;
    }

    private static (int Processes, int Descriptors) Machine()
    {
        int processes = 0;
        int descriptors = 0;
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(static path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                descriptors += Directory.EnumerateFileSystemEntries(process + "/fd").Count();
                processes++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has just ended, or is another user's.
            }
        }

        return (processes, descriptors);
    }

    private static string Text(TimeSpan time) => time.TotalMicroseconds.ToString("0", CultureInfo.InvariantCulture);

    private sealed record Timings(TimeSpan[] Sorted)
    {
        public TimeSpan At(double share) => Sorted[(int)(share * (Sorted.Length - 1))];
    }
}
