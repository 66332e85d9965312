namespace Adit.Bench.Speed;

/// <summary>The names and units of what is measured.</summary>
internal static class Measure
{
    public const string BulkUp = "bulk up, MB/s";
    public const string BulkDown = "bulk down, MB/s";
    public const string CpuClientUp = "CPU of the client up, s/GB";
    public const string CpuServerUp = "CPU of the server up, s/GB";
    public const string CpuClientDown = "CPU of the client down, s/GB";
    public const string CpuServerDown = "CPU of the server down, s/GB";
    public const string FarUp = "bulk up over 50 ms, MB/s";
    public const string FarDown = "bulk down over 50 ms, MB/s";
    public const string QueriesOne = "queries/s, 1 connection";
    public const string QueriesSixteen = "queries/s, 16 connections";
    public const string NewConnections = "new connections/s, 4 clients";
    public const string QueriesBeside = "queries/s beside a download";
    public const string DownloadBeside = "that download, MB/s";
    public const string IdleLatency = "idle latency over 100 Mbit/s and 20 ms, ms";
    public const string BusyLatency = "latency beside a download there, ms";
    public const string FirstByte = "start to first byte, ms";
    public const string IdleMemory = "memory of an idle client, MiB";
    public const string ConnectionMemory = "memory of the client for each idle connection, KiB";
    public const string IdleServerMemory = "memory of an idle server, MiB";
    public const string ServerConnectionMemory = "memory of the server for each idle connection, KiB";
    public const string FullHandshake = "connection with a full handshake to the first byte, ms";
    public const string Growth = "growth of the client during bulk, MiB";
    public const string Fairness = "slowest of 10,000 connections, share of the median";
    public const string Served = "of 10,000 connections served, share";

    /// <summary>Whether less is better.</summary>
    public static bool IsCost(string measure) =>
        measure.StartsWith("CPU", StringComparison.Ordinal) || measure.Contains("latency", StringComparison.Ordinal) || measure.EndsWith("ms", StringComparison.Ordinal)
        || measure.Contains("memory", StringComparison.Ordinal) || measure.StartsWith("growth", StringComparison.Ordinal);
}
