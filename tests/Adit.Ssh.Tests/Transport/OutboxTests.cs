using Adit.Ssh.Transport;

namespace Adit.Ssh.Tests.Transport;

public sealed class OutboxTests
{
    [Fact]
    public void The_shortest_answers_fill_it_before_their_memory_exceeds_its_limit()
    {
        var outbox = new Outbox();
        int waiting = 0;
        while (outbox.TryEnqueue([82]))
            waiting++;
        Assert.Equal(Outbox.MaxControlBytes / (Outbox.MessageOverhead + 1), waiting);
    }

    [Fact]
    public void What_has_left_makes_room_again()
    {
        var outbox = new Outbox();
        outbox.OpenGate();
        for (int i = 0; i < 3; i++)
        {
            int waiting = 0;
            while (outbox.TryEnqueue(new byte[1024]))
                waiting++;
            Assert.Equal(Outbox.MaxControlBytes / (Outbox.MessageOverhead + 1024), waiting);
            while (outbox.TryTake(out _))
                waiting--;
            Assert.Equal(0, waiting);
        }
    }

    [Fact]
    public void A_KEXINIT_leaves_behind_the_messages_that_waited_before_it_and_ahead_of_later_ones()
    {
        var outbox = new Outbox();
        outbox.OpenGate();
        outbox.TryEnqueue([52]);
        outbox.EnqueueKexInit([20]);
        outbox.TryEnqueue([80]);

        Assert.Equal(52, Take());
        Assert.Equal(20, Take());
        Assert.False(outbox.TryTake(out _));
        outbox.SendKex([21]);
        Assert.Equal(21, Take());
        outbox.OpenGate();
        Assert.Equal(80, Take());

        int Take()
        {
            Assert.True(outbox.TryTake(out Outgoing next));
            return Assert.Single(next.Payload!);
        }
    }

    [Fact]
    public async Task The_send_loop_is_woken_later_once_where_the_thread_takes_that_on()
    {
        List<Action> later = [];
        var outbox = new Outbox(action =>
        {
            later.Add(action);
            return true;
        });
        outbox.OpenGate();
        Task<bool> waiting = outbox.WaitAsync().AsTask();
        for (int i = 0; i < 3; i++)
        {
            outbox.TryEnqueue([80]);
            outbox.Flush();
        }

        Assert.False(waiting.IsCompleted);
        Assert.Single(later)();

        Assert.True(await waiting);
        Assert.True(outbox.TryTake(out _) && outbox.TryTake(out _) && outbox.TryTake(out _));
    }

    [Fact]
    public async Task The_send_loop_is_woken_at_once_where_the_thread_takes_nothing_on()
    {
        var outbox = new Outbox(static _ => false);
        outbox.OpenGate();
        Task<bool> waiting = outbox.WaitAsync().AsTask();

        outbox.TryEnqueue([80]);
        outbox.Flush();

        Assert.True(await waiting);
    }
}
