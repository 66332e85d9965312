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
}
