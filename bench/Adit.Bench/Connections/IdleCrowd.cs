using System.Buffers.Binary;
using System.Diagnostics;
using Adit.Bench.Servers;
using Adit.Ssh.Connection;

namespace Adit.Bench.Connections;

/// <summary>Many connections with some channels each, which are made, held idle, used once and let go.</summary>
internal static class IdleCrowd
{
    // So many at a time: more would only wait for each other, at a server that limits those that are not authenticated yet.
    private const int AtOnce = 32;

    // What a server does a moment after the last packet belongs to the cost, what it does between two of them does not.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    // A server may wait a while before it cleans up behind a crowd.
    private static readonly TimeSpan CleaningUp = TimeSpan.FromSeconds(15);

    public static async Task<ServerCost> MeasureAsync(ServerProcess server, ServerFolder folder, string user, int connections, int channels)
    {
        using var echo = new EchoServer();

        // The first connection brings the server's code into memory, which is no cost of a connection.
        await using (SshConnection first = await server.ConnectAsync(folder, user))
            await EchoAsync(await OpenAsync(first, echo), 0);
        ProcessMemory start = await SettledAsync(server);

        var crowd = new SshConnection[connections];
        TimeSpan connectTime = await EachAsync(connections, async i => crowd[i] = await server.ConnectAsync(folder, user));
        ProcessMemory connected = await SettledAsync(server);

        var open = new Channel[connections * channels];
        TimeSpan openTime = await EachAsync(open.Length, async i => open[i] = await OpenAsync(crowd[i % connections], echo));
        ProcessMemory idle = await SettledAsync(server);

        TimeSpan useTime = await EachAsync(open.Length, i => EchoAsync(open[i], i));
        ProcessMemory used = await SettledAsync(server);

        await EachAsync(connections, i => crowd[i].DisposeAsync().AsTask());
        await Task.Delay(CleaningUp);
        return new()
        {
            Server = server.Name,
            Connections = connections,
            Channels = channels,
            ConnectTime = connectTime,
            OpenTime = openTime,
            UseTime = useTime,
            Start = start,
            Connected = connected,
            Open = idle,
            Used = used,
            Gone = await SettledAsync(server),
        };
    }

    private static async Task<ProcessMemory> SettledAsync(ServerProcess server)
    {
        await Task.Delay(Settling);
        return server.Memory();
    }

    private static async Task<TimeSpan> EachAsync(int count, Func<int, Task> act)
    {
        long started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await act(i));
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<Channel> OpenAsync(SshConnection connection, EchoServer echo) =>
        await connection.OpenTcpAsync("127.0.0.1", echo.Port, "127.0.0.1", 1);

    private static async Task EchoAsync(Channel channel, int number)
    {
        byte[] sent = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(sent, number);
        await channel.WriteAsync(sent);
        List<byte> received = [];
        while (received.Count < sent.Length)
        {
            ReadOnlyMemory<byte> data = await channel.ReadAsync();
            if (data.IsEmpty)
                break;
            received.AddRange(data.Span);
        }

        if (!received.SequenceEqual(sent))
            throw new BenchException($"channel {number} answered {received.Count} wrong bytes");
    }
}
