using System.Net.Sockets;
using System.Security.Cryptography;

namespace Adit.Bench.Attacks;

/// <summary>What those can do whom the server does not know.</summary>
internal static class StrangerAttacks
{
    private const int PacketsAtOnce = 1000;

    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(100);

    public static async Task GarbageAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await stream.WriteAsync(RandomNumberGenerator.GetBytes(1024), stop);
        await Bytes.DrainAsync(stream, stop);
    }

    public static Task SlowIdentificationAsync(NetworkStream stream, Victim victim, CancellationToken stop) => WhileOpenAsync(
        stream,
        async () =>
        {
            await stream.WriteAsync("S"u8.ToArray(), stop);
            await Task.Delay(Slowness, stop);
        },
        stop);

    public static Task EndlessIgnoreAsync(NetworkStream stream, Victim victim, CancellationToken stop) =>
        EndlessAsync(stream, Bytes.Repeat(Bytes.Packet([2, .. Bytes.Text([])]), PacketsAtOnce), stop);

    public static Task EndlessDebugAsync(NetworkStream stream, Victim victim, CancellationToken stop) =>
        EndlessAsync(stream, Bytes.Repeat(Bytes.Packet([4, 1, .. Bytes.Text(new byte[4096].AsSpan()), .. Bytes.Text([])]), PacketsAtOnce / 100), stop);

    // Each is answered with UNIMPLEMENTED; the answers cannot leave while the keys are due.
    public static async Task UnknownMessagesAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        byte[] packets = Bytes.Repeat(Bytes.Packet([200]), PacketsAtOnce);
        await IdentifyAsync(stream, stop);
        while (true)
        {
            await stream.WriteAsync(packets, stop);
            await Task.Yield();
        }
    }

    public static async Task UnfinishedKeyExchangeAsync(NetworkStream stream, Victim victim, CancellationToken stop)
    {
        await IdentifyAsync(stream, stop);
        await stream.WriteAsync(Bytes.KexInit(), stop);
        await stream.WriteAsync(Bytes.Packet([30, .. Bytes.Text(RandomNumberGenerator.GetBytes(32))]), stop);
        await Bytes.DrainAsync(stream, stop);
    }

    public static Task HugeLengthAsync(NetworkStream stream, Victim victim, CancellationToken stop) => LengthAsync(stream, [255, 255, 255, 255], stop);

    // 256 KiB - 4: what a server may have to make room for.
    public static Task LargestLengthAsync(NetworkStream stream, Victim victim, CancellationToken stop) => LengthAsync(stream, [0, 3, 255, 252], stop);

    private static async Task LengthAsync(NetworkStream stream, byte[] length, CancellationToken stop)
    {
        await IdentifyAsync(stream, stop);
        await stream.WriteAsync(length, stop);
        await Bytes.DrainAsync(stream, stop);
    }

    private static async Task EndlessAsync(NetworkStream stream, byte[] packets, CancellationToken stop)
    {
        await IdentifyAsync(stream, stop);
        await WhileOpenAsync(stream, async () => await stream.WriteAsync(packets, stop), stop);
    }

    private static async Task WhileOpenAsync(NetworkStream stream, Func<Task> act, CancellationToken stop)
    {
        Task ended = Bytes.DrainAsync(stream, stop);
        while (!ended.IsCompleted)
        {
            await act();
            await Task.Yield(); // or the attackers of a process would keep its threads from each other
        }

        await ended;
    }

    private static ValueTask IdentifyAsync(NetworkStream stream, CancellationToken stop) => stream.WriteAsync("SSH-2.0-Attacker\r\n"u8.ToArray(), stop);
}
