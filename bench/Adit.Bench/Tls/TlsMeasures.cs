using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Adit.Bench.Servers;
using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>What TLS tunnels are measured by beyond what all tunnels are.</summary>
internal static class TlsMeasures
{
    private const int Crowd = 500;
    private const double Mebibyte = 1048576;
    private const double Kibibyte = 1024;

    /// <summary>From the start of a connection to the first byte of its target, where no session is resumed.</summary>
    public static async Task HandshakesAsync(TlsStage stage, SpeedOptions options, Samples samples)
    {
        using var banner = new Banner();
        List<TunnelUnderTest> tunnels = [];
        try
        {
            foreach (Contender contender in stage.All)
                tunnels.Add(await stage.OpenAsync(contender, [banner.Port], resumes: false));
            for (int round = -1; round < options.Rounds; round++)
            {
                foreach (TunnelUnderTest tunnel in tunnels)
                {
                    double median = await Task.Run(() => MedianGreeting(tunnel.Ports[0], options.Pings));
                    if (round >= 0)
                        samples.Add(Measure.FullHandshake, tunnel.Contender, median);
                }
            }
        }
        finally
        {
            foreach (TunnelUnderTest tunnel in tunnels)
                tunnel.Dispose();
        }
    }

    /// <summary>What both ends hold while they do nothing, and for each idle connection.</summary>
    public static async Task MemoryAsync(TlsStage stage, Samples samples)
    {
        using var echo = new EchoServer();
        foreach (Contender contender in TlsContender.Tunnels)
        {
            using TunnelUnderTest tunnel = await stage.OpenAsync(contender, [echo.Port]);
            await Task.Delay(TimeSpan.FromSeconds(1));
            (ProcessMemory client, ProcessMemory server) = (tunnel.ClientMemory(), tunnel.ServerMemory());
            samples.Add(Measure.IdleMemory, contender, client.Rss / Mebibyte);
            samples.Add(Measure.IdleServerMemory, contender, server.Rss / Mebibyte);
            using EchoClients connections = await EchoClients.ConnectAsync(tunnel.Ports[0], Crowd);
            await connections.PingAllAsync();
            samples.Add(Measure.ConnectionMemory, contender, (tunnel.ClientMemory().Rss - client.Rss) / Kibibyte / Crowd);
            samples.Add(Measure.ServerConnectionMemory, contender, (tunnel.ServerMemory().Rss - server.Rss) / Kibibyte / Crowd);
        }
    }

    private static double MedianGreeting(int port, int count)
    {
        var times = new double[count];
        byte[] block = new byte[16];
        for (int i = 0; i < count; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            long began = Stopwatch.GetTimestamp();
            socket.Connect(IPAddress.Loopback, port);
            if (socket.Receive(block) == 0)
                throw new BenchException("the connection ended within a measurement");
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[count / 2];
    }
}
