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
                    Assert.Equal(fits, window.TryConsume(bytes, sharing: null));
                    peerMaySend -= fits ? bytes : 0;
                    unread += fits ? bytes : 0;
                }
                else
                {
                    int consumed = (int)Math.Min(unread, bytes);
                    unread -= consumed;
                    window.Credit(consumed);
                    peerMaySend += window.TakeAdjustment(growth: null, sharing: null);
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
            Assert.True(window.TryConsume(32 * 1024, sharing: null));
            peerMaySend -= 32 * 1024;
            window.Credit(32 * 1024);
            peerMaySend += window.TakeAdjustment(growth: null, sharing: null);
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
    public void A_window_shrinks_again_once_an_answer_says_that_the_network_is_near_and_only_by_what_was_read()
    {
        var time = new ManualTimeProvider();
        RoundTrip roundTrip = Answering(TimeSpan.FromMilliseconds(50), time);
        var growth = new WindowGrowth(roundTrip, static () => { }, time);
        var window = new ReceiveWindow(Initial);
        long peerMaySend = Initial;
        Carry(2000);
        Assert.True(window.Size > 4 * Initial);

        Answer(roundTrip, TimeSpan.FromMilliseconds(1), time);
        Carry(2000);
        Assert.True(window.Size > 4 * Initial); // at the limit nothing changes

        Answer(roundTrip, TimeSpan.FromMilliseconds(0.5), time);
        Carry(2000);
        Assert.Equal(Initial, window.Size);
        Assert.InRange(peerMaySend, Initial * 3 / 4, Initial);
        Assert.Equal(0u, window.EndGrowth());

        time.Advance(TimeSpan.FromMinutes(11));
        Answer(roundTrip, TimeSpan.FromSeconds(1), time);
        var other = new ReceiveWindow(Initial);
        Assert.Equal(WindowGrowth.MaxWindow, Read(ref window, growth, time, bytesPerSecond: 10e9));
        Assert.Equal(WindowGrowth.MaxWindow, Read(ref other, growth, time, bytesPerSecond: 10e9)); // all of it had been given back
        var third = new ReceiveWindow(Initial);
        Assert.True(Read(ref third, growth, time, bytesPerSecond: 10e9) < WindowGrowth.MaxWindow); // and no more than that

        void Carry(int packets)
        {
            for (int i = 0; i < packets; i++)
            {
                Assert.True(window.TryConsume(Packet, sharing: null));
                window.Credit(Packet);
                peerMaySend += (long)window.TakeAdjustment(growth, sharing: null) - Packet;
                Assert.InRange(peerMaySend, Initial / 2, window.Size);
            }
        }
    }

    [Fact]
    public void The_largest_window_has_the_round_trip_measured_too_so_that_it_can_shrink()
    {
        var time = new ManualTimeProvider();
        int measured = 0;
        var growth = new WindowGrowth(Answering(TimeSpan.FromMilliseconds(50), time), () => measured++, time);
        Assert.Equal(0u, growth.Growth(WindowGrowth.MaxWindow, growth.Now));
        Assert.Equal(1, measured);
    }

    [Fact]
    public void A_window_that_grows_shrinks_and_is_shared_returns_every_byte_in_the_end_and_always_leaves_some() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Kind, ushort Bytes)[]>(), events =>
        {
            var time = new ManualTimeProvider();
            RoundTrip roundTrip = Answering(TimeSpan.FromMilliseconds(50), time);
            var sharing = new WindowSharing(roundTrip);
            var growth = new WindowGrowth(roundTrip, static () => { }, time);
            var window = new ReceiveWindow(Initial);
            long peerMaySend = Initial;
            long unread = 0;
            foreach ((byte kind, ushort bytes) in events)
            {
                switch (kind % 8)
                {
                    case 0:
                        sharing.Count();
                        break;
                    case 1:
                        time.Advance(TimeSpan.FromMinutes(11));
                        Answer(roundTrip, TimeSpan.FromMilliseconds(bytes % 2 == 0 ? 0.1 : 50), time);
                        break;
                    case < 5:
                        int arrived = (int)Math.Min(peerMaySend, bytes * 64);
                        Assert.True(window.TryConsume(arrived, sharing));
                        peerMaySend -= arrived;
                        unread += arrived;
                        break;
                    default:
                        int consumed = (int)Math.Min(unread, bytes * 64);
                        window.Credit(consumed);
                        unread -= consumed;
                        peerMaySend += window.TakeAdjustment(growth, sharing);
                        Assert.False(window.AdjustmentDue);
                        break;
                }

                Assert.InRange(peerMaySend + unread, 48 * 1024, window.Size);
            }

            window.Credit((int)unread);
            time.Advance(TimeSpan.FromMinutes(11));
            Answer(roundTrip, TimeSpan.FromMilliseconds(0.1), time);
            for (int i = 0; i < 5000; i++)
            {
                int arrived = (int)Math.Min(peerMaySend, Packet);
                Assert.True(window.TryConsume(arrived, sharing));
                window.Credit(arrived);
                peerMaySend += (long)window.TakeAdjustment(growth, sharing) - arrived;
            }

            Assert.Equal(Initial, window.Size);
            Assert.InRange(peerMaySend, Initial * 3 / 4, Initial);
        }).QuickCheckThrowOnFailure();

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

    [Fact]
    public void A_window_that_is_shared_with_questions_on_a_near_network_lets_little_be_under_way_and_recovers_behind_them()
    {
        WindowSharing sharing = Near();
        var transfer = new Transfer(sharing);
        transfer.Carry(Initial);
        Assert.InRange(transfer.MaySend, Initial * 3 / 4, Initial);
        for (int i = 0; i < 1000; i++)
        {
            sharing.Count();
            transfer.Carry(Transfer.Packet);
        }

        Assert.InRange(transfer.MaySend, 0, 64 * 1024);
        transfer.Carry(40 * 1024 * 1024);
        Assert.InRange(transfer.MaySend, Initial * 3 / 4, Initial);
    }

    [Theory]
    [InlineData(0.5, 200_000, 260_000)]
    [InlineData(1.9, 800_000, 960_000)]
    [InlineData(50, 1_500_000, 2_100_000)]
    public void A_shared_window_is_no_limit_for_what_the_link_carries(double milliseconds, long least, long most)
    {
        var sharing = new WindowSharing(Answering(TimeSpan.FromMilliseconds(milliseconds)));
        var transfer = new Transfer(sharing);
        long largest = 0;
        for (int i = 0; i < 1000; i++)
        {
            sharing.Count();
            transfer.Carry(Transfer.Packet);
            if (i > 100)
                largest = Math.Max(largest, transfer.MaySend);
        }

        Assert.InRange(largest, least, most);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Transfers_do_not_take_the_ends_of_each_others_packets_for_questions(bool begunByQuestion)
    {
        WindowSharing sharing = Near();
        Transfer[] transfers = [new(sharing), new(sharing)];
        for (int i = 0; i < 2000; i++)
        {
            if (begunByQuestion && i == 100)
                sharing.Count();
            foreach (Transfer transfer in transfers)
                transfer.Carry(Transfer.Packet);
        }

        Assert.All(transfers, static transfer => Assert.InRange(transfer.MaySend, Initial * 3 / 4, Initial));
    }

    [Fact]
    public void A_window_is_not_narrowed_by_its_own_questions_nor_by_those_from_before_it()
    {
        WindowSharing sharing = Near();
        sharing.Count();
        var window = new ReceiveWindow(Initial);
        for (int i = 0; i < 100_000; i++)
        {
            Assert.True(window.TryConsume(100, sharing));
            window.Credit(100);
            window.TakeAdjustment(growth: null, sharing);
        }

        Assert.True(window.TryConsume((int)Initial * 3 / 4 - 100, sharing));
        var transfer = new Transfer(sharing);
        transfer.Carry(4 * Initial);
        Assert.InRange(transfer.MaySend, Initial * 3 / 4, Initial);
    }

    [Fact]
    public void A_shared_window_returns_every_byte_in_the_end_and_always_leaves_some() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Kind, ushort Bytes)[]>(), events =>
        {
            WindowSharing sharing = Near();
            var window = new ReceiveWindow(Initial);
            long peerMaySend = Initial;
            long unread = 0;
            foreach ((byte kind, ushort bytes) in events)
            {
                int arrived = (int)Math.Min(peerMaySend, bytes * 16);
                int consumed = (int)Math.Min(unread, bytes * 16);
                switch (kind % 3)
                {
                    case 0:
                        Assert.True(window.TryConsume(arrived, sharing));
                        peerMaySend -= arrived;
                        unread += arrived;
                        break;
                    case 1:
                        window.Credit(consumed);
                        unread -= consumed;
                        peerMaySend += window.TakeAdjustment(growth: null, sharing);
                        Assert.False(window.AdjustmentDue);
                        break;
                    default:
                        sharing.Count();
                        break;
                }

                Assert.True(peerMaySend + unread <= Initial);
                Assert.True(peerMaySend + unread >= 48 * 1024);
            }

            window.Credit((int)unread);
            for (int i = 0; i < 1000; i++)
            {
                Assert.True(window.TryConsume(Packet, sharing));
                window.Credit(Packet);
                peerMaySend += (long)window.TakeAdjustment(growth: null, sharing) - Packet;
            }

            Assert.InRange(peerMaySend, Initial * 3 / 4, Initial);
        }).QuickCheckThrowOnFailure();

    private const int Packet = 32 * 1024;
    private const uint Initial = 2 * 1024 * 1024;

    private static WindowSharing Near() => new(Answering(TimeSpan.FromMicroseconds(50)));

    private static (ReceiveWindow Window, WindowGrowth Growth, ManualTimeProvider Time) Make(TimeSpan answer)
    {
        var time = new ManualTimeProvider();
        return (new(Initial), new(Answering(answer, time), static () => { }, time), time);
    }

    private static RoundTrip Answering(TimeSpan answer, ManualTimeProvider? time = null)
    {
        time ??= new();
        var roundTrip = new RoundTrip(time);
        Answer(roundTrip, answer, time);
        return roundTrip;
    }

    private static void Answer(RoundTrip roundTrip, TimeSpan answer, ManualTimeProvider time)
    {
        long asked = roundTrip.Now;
        time.Advance(answer);
        roundTrip.OnAnswer(asked);
    }

    // Reads for a while as fast as that, and says how large the window is then.
    private static uint Read(ref ReceiveWindow window, WindowGrowth growth, ManualTimeProvider time, double bytesPerSecond)
    {
        for (int i = 0; i < 20_000; i++)
        {
            Assert.True(window.TryConsume(Packet, sharing: null));
            time.Advance(TimeSpan.FromSeconds(Packet / bytesPerSecond));
            window.Credit(Packet);
            window.TakeAdjustment(growth, sharing: null);
        }

        return window.Size;
    }

    // A sender that always has more, in chunks as Adit reads them, and a reader that takes a packet at a time.
    private sealed class Transfer(WindowSharing sharing)
    {
        public static readonly int Packet = ConnectionOptions.Default.MaxDataPacket;

        private readonly Queue<int> _underWay = new();
        private ReceiveWindow _window = new(Initial);
        private int _chunk;
        private long _credit = Initial;

        public long MaySend => _credit + _underWay.Sum();

        public void Carry(long bytes)
        {
            for (; bytes > 0; bytes -= Receive())
                Send();
        }

        private void Send()
        {
            while (_credit > 0)
            {
                if (_chunk == 0)
                    _chunk = Packet;
                int sent = (int)Math.Min(_credit, _chunk);
                _chunk -= sent;
                _credit -= sent;
                _underWay.Enqueue(sent);
            }
        }

        private int Receive()
        {
            int bytes = _underWay.Dequeue();
            Assert.True(_window.TryConsume(bytes, sharing));
            _window.Credit(bytes);
            _credit += _window.TakeAdjustment(growth: null, sharing);
            return bytes;
        }
    }
}
