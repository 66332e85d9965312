using Adit.Ssh.Connection;
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
                    peerMaySend += window.TakeAdjustment();
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
            peerMaySend += window.TakeAdjustment();
            Assert.True(peerMaySend >= size * 3 / 4);
        }
    }
}
