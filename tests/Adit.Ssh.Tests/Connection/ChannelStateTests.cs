using Adit.Ssh.Connection;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Ssh.Tests.Connection;

/// <summary>The end of a channel, RFC 4254 section 5.3, over every order of events.</summary>
public class ChannelStateTests
{
    public enum Event
    {
        CompleteOutput,
        Close,
        Turn,
        PeerEof,
        PeerClose,
    }

    [Fact]
    public void Whatever_the_order_EOF_and_CLOSE_are_sent_at_most_once_and_EOF_never_behind_CLOSE() =>
        Prop.ForAll(ArbMap.Default.ArbFor<Event[]>(), events =>
        {
            var state = new ChannelState();
            var sent = new List<string>();
            var received = new List<string>();
            foreach (Event e in events)
                Apply(ref state, e, sent, received);
            Apply(ref state, Event.Turn, sent, received);

            Assert.True(sent.Count(word => word == "EOF") <= 1);
            Assert.True(sent.Count(word => word == "CLOSE") <= 1);
            Assert.True(!sent.Contains("CLOSE") || sent[^1] == "CLOSE");
            Assert.Equal(events.Contains(Event.Close) || received.Contains("CLOSE"), sent.Contains("CLOSE"));
            Assert.Equal(sent.Contains("CLOSE") && received.Contains("CLOSE"), state.IsGone);
            Assert.Equal(received.Count > 0, state.InputEnded);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_peer_may_end_its_direction_once()
    {
        var state = new ChannelState();
        Assert.True(state.TryReceiveEof());
        Assert.False(state.TryReceiveEof());
        Assert.True(state.MayWrite);
        Assert.True(state.TryReceiveClose());
        Assert.False(state.TryReceiveClose());
        Assert.False(state.TryReceiveEof());
        Assert.False(state.MayWrite);
    }

    private static void Apply(ref ChannelState state, Event e, List<string> sent, List<string> received)
    {
        switch (e)
        {
            case Event.CompleteOutput:
                state.RequestEof();
                break;
            case Event.Close:
                state.RequestClose();
                break;
            case Event.PeerEof when state.TryReceiveEof():
                received.Add("EOF");
                break;
            case Event.PeerClose when state.TryReceiveClose():
                received.Add("CLOSE");
                break;
            case Event.Turn:
                if (state.OwesEof)
                {
                    sent.Add("EOF");
                    state.OnEofSent();
                }

                if (state.OwesClose)
                {
                    sent.Add("CLOSE");
                    state.OnCloseSent();
                }

                break;
            default:
                break;
        }
    }
}
