using Adit.Ssh.Connection;
using Adit.Ssh.Transport;
using Adit.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Ssh.Tests.Connection;

/// <summary>The windows of RFC 4254 section 5.2 against naive models, over random orders of events.</summary>
public class WindowTests
{
    [Fact]
    public void A_send_window_never_gives_more_than_the_peer_granted() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(uint Initial, (bool Adds, uint Bytes)[] Events)>(), run =>
        {
            var window = new SendWindow(run.Initial);
            long granted = run.Initial;
            long taken = 0;
            foreach ((bool adds, uint bytes) in run.Events)
            {
                if (adds)
                {
                    bool fits = granted - taken + bytes <= uint.MaxValue;
                    Assert.Equal(fits, window.TryAdd(bytes));
                    granted += fits ? bytes : 0;
                }
                else
                {
                    taken += window.Take((int)(bytes % int.MaxValue));
                }

                Assert.Equal(granted - taken, window.Available);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_receive_window_refuses_what_was_not_granted_and_returns_every_byte_that_was_consumed() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(bool Arrives, ushort Bytes)[]>(), events =>
        {
            const uint size = 64 * 1024;
            var window = new ReceiveWindow(size);
            long peerMaySend = size;
            long unread = 0;
            foreach ((bool arrives, ushort bytes) in events)
            {
                if (arrives)
                {
                    bool fits = bytes <= peerMaySend;
                    Assert.Equal(fits, window.TryConsume(bytes));
                    peerMaySend -= fits ? bytes : 0;
                    unread += fits ? bytes : 0;
                }
                else
                {
                    int consumed = (int)Math.Min(unread, bytes);
                    unread -= consumed;
                    window.Credit(consumed);
                    peerMaySend += window.TakeAdjustment(growth: null);
                }

                Assert.True(peerMaySend + unread <= size);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_reader_that_keeps_up_never_lets_the_window_run_dry()
    {
        const uint size = 2 * 1024 * 1024;
        var window = new ReceiveWindow(size);
        long peerMaySend = size;
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(window.TryConsume(32 * 1024));
            peerMaySend -= 32 * 1024;
            window.Credit(32 * 1024);
            peerMaySend += window.TakeAdjustment(growth: null);
            Assert.True(peerMaySend >= size * 5 / 8);
        }
    }

    [Fact]
    public void A_window_that_is_read_within_a_round_trip_is_doubled_until_it_is_not_what_holds_the_peer_up()
    {
        const double bytesPerSecond = 200e6;
        (ReceiveWindow window, WindowGrowth growth, ManualTimeProvider time) = Make(TimeSpan.FromMilliseconds(50));
        uint size = Read(ref window, growth, time, bytesPerSecond);
        Assert.InRange(size, 10u * 1024 * 1024, 40u * 1024 * 1024); // the 10 MB that are on their way, and as much again
        Assert.Equal(size, Read(ref window, growth, time, bytesPerSecond));
    }

    [Fact]
    public void A_window_stays_small_on_a_near_network_and_never_exceeds_64_mebibytes()
    {
        (ReceiveWindow window, WindowGrowth growth, ManualTimeProvider time) = Make(TimeSpan.FromMilliseconds(1));
        Assert.Equal(Initial, Read(ref window, growth, time, bytesPerSecond: 10e9));
        (window, growth, time) = Make(TimeSpan.FromSeconds(1));
        Assert.Equal(WindowGrowth.MaxWindow, Read(ref window, growth, time, bytesPerSecond: 10e9));
    }

    [Fact]
    public void All_windows_of_a_connection_share_what_they_may_grow_by_and_give_it_back()
    {
        (ReceiveWindow first, WindowGrowth growth, ManualTimeProvider time) = Make(TimeSpan.FromSeconds(1));
        var second = new ReceiveWindow(Initial);
        var third = new ReceiveWindow(Initial);
        Read(ref first, growth, time, bytesPerSecond: 10e9);
        Read(ref second, growth, time, bytesPerSecond: 10e9);
        Assert.True(Read(ref third, growth, time, bytesPerSecond: 10e9) < WindowGrowth.MaxWindow);
        growth.GiveBack(first.EndGrowth());
        Assert.Equal(0u, first.EndGrowth());
        Assert.Equal(WindowGrowth.MaxWindow, Read(ref third, growth, time, bytesPerSecond: 10e9));
    }

    private const uint Initial = 2 * 1024 * 1024;

    private static (ReceiveWindow Window, WindowGrowth Growth, ManualTimeProvider Time) Make(TimeSpan answer)
    {
        var time = new ManualTimeProvider();
        var roundTrip = new RoundTrip(time);
        long asked = roundTrip.Now;
        time.Advance(answer);
        roundTrip.OnAnswer(asked);
        return (new(Initial), new(roundTrip, static () => { }, time), time);
    }

    // Reads for a while as fast as that, and says how large the window is then.
    private static uint Read(ref ReceiveWindow window, WindowGrowth growth, ManualTimeProvider time, double bytesPerSecond)
    {
        const int packet = 32 * 1024;
        for (int i = 0; i < 20_000; i++)
        {
            Assert.True(window.TryConsume(packet));
            time.Advance(TimeSpan.FromSeconds(packet / bytesPerSecond));
            window.Credit(packet);
            window.TakeAdjustment(growth);
        }

        return window.Size;
    }
}
