using System.Net;
using System.Net.Sockets;
using Adit.Platform;
using Adit.Tests.Relay;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Platform;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SocketLoopTests
{
    public static TheoryData<AddressFamily> Families => [AddressFamily.InterNetwork, AddressFamily.Unix];

    [Fact]
    public void Nothing_can_be_left_for_later_outside_of_a_loop()
    {
        Assert.False(SocketLoop.IsCaller);
        Assert.False(SocketLoop.TryDefer(static () => { }));
    }

    [Fact]
    public async Task Nobody_waits_to_write_on_what_is_not_watched_any_more()
    {
        (Socket near, Socket far) = Pair();
        using (near)
        using (far)
        {
            SocketWatch watch = new(near.SafeHandle);
            watch.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => watch.Writable.WaitAsync(default).AsTask().TestTime());
        }
    }

    [Fact]
    public async Task What_is_left_for_later_is_done_when_all_had_their_turn_to_whom_something_came()
    {
        await EnterLoopAsync();
        List<string> order = [];
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        (Socket Near, Socket Far)[] pairs = [Pair(), Pair(), Pair()];
        // All on the loop that calls, which waits for none of them before this is left.
        foreach ((Socket near, _) in pairs)
            _ = ReadAsync(new PolledSocket(near));
        // What they are told first is that they may write; that is over when the next turn comes.
        await LoopTurn.End;
        await LoopTurn.End;
        foreach ((_, Socket far) in pairs)
            far.Send("x"u8);

        await PoolTurn.Begin;
        await done.Task.TestTime();

        Assert.Equal(["read", "read", "read", "later", "later", "later"], order);
        foreach ((Socket near, Socket far) in pairs)
        {
            near.Dispose();
            far.Dispose();
        }

        async Task ReadAsync(PolledSocket socket)
        {
            byte[] buffer = new byte[8];
            while (!socket.TryReceive(buffer, out _))
                await socket.WaitToReceiveAsync(default).ConfigureAwait(false);
            order.Add("read");
            Assert.True(SocketLoop.TryDefer(Later));
        }

        void Later()
        {
            order.Add("later");
            if (order.Count == 2 * pairs.Length)
                done.SetResult();
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task The_end_that_comes_with_the_last_bytes_is_found(AddressFamily family)
    {
        for (int i = 0; i < 300; i++)
        {
            (SocketDuplex near, Socket far) = await SocketPair.OfAsync(family);
            await using SocketDuplex n = near;
            Task<int> reading = ReadToEndAsync(near);
            far.Send(new byte[100]);
            far.Send(new byte[100]);
            far.Dispose();
            Assert.Equal(200, await reading.TestTime());
        }

        static async Task<int> ReadToEndAsync(SocketDuplex near)
        {
            int total = 0;
            while (await near.ReadAsync(default).ConfigureAwait(false) is { IsEmpty: false } chunk)
                total += chunk.Length;
            return total;
        }
    }

    [Fact]
    public async Task A_turn_of_the_pool_leaves_the_loop()
    {
        await EnterLoopAsync();
        Assert.True(SocketLoop.IsCaller);

        await PoolTurn.Begin;

        Assert.False(SocketLoop.IsCaller);
    }

    [Fact]
    public async Task A_connection_that_is_refused_is_told_as_such_and_one_that_is_made_leaves_the_loop()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint target = listener.LocalEndPoint!;
        using Socket refused = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        SocketException e = await Assert.ThrowsAsync<SocketException>(() => SocketConnect.RunAsync(refused, target, default).AsTask().TestTime());
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);

        listener.Listen();
        using Socket made = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await SocketConnect.RunAsync(made, target, default);

        Assert.False(SocketLoop.IsCaller);
        Assert.Equal(target, made.RemoteEndPoint);
    }

    // Goes on on the thread of a loop.
    private static LoopEntry EnterLoopAsync() => default;

    private static (Socket Near, Socket Far) Pair()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }

    private readonly struct LoopEntry : System.Runtime.CompilerServices.INotifyCompletion
    {
        public bool IsCompleted => false;

        public LoopEntry GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation)
        {
            (Socket near, Socket far) = Pair();
            SocketWatch watch = new(near.SafeHandle);
            _ = WaitAsync();

            // A socket that can be written to says so at once.
            async Task WaitAsync()
            {
                Task waiting = GoOnAsync();
                far.Send("x"u8);
                await waiting;
            }

            async Task GoOnAsync()
            {
                while (!SocketLoop.IsCaller)
                    await watch.Readable.WaitAsync(default).ConfigureAwait(false);
                continuation();
                watch.Dispose();
                near.Dispose();
                far.Dispose();
            }
        }
    }
}
