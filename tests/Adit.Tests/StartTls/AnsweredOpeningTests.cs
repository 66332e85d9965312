using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

/// <summary>What holds for every opening that answers clients too.</summary>
/// <typeparam name="TProtocol">The protocol's conversations: the derived class itself.</typeparam>
public abstract class AnsweredOpeningTests<TProtocol> : TextOpeningTests<TProtocol>
    where TProtocol : IAnsweredConversations
{
#pragma warning disable CA1000 // xunit looks for data in the class that declares the theory.
    public static TheoryData<string, string> Harmless => TProtocol.Harmless;

    public static TheoryData<string, string> ClientRefusals => TProtocol.ClientRefusals;

    public static TheoryData<string, string> TargetRefusals => TProtocol.TargetRefusals;
#pragma warning restore CA1000

    /// <summary>How a client is greeted.</summary>
    private protected abstract string Greeting { get; }

    /// <summary>A conversation in which a client gets TLS.</summary>
    private protected abstract string Begins { get; }

    /// <summary>A command that changes nothing, and its reply.</summary>
    private protected abstract (string Command, string Reply) Idle { get; }

    /// <summary>What a client hears that does nothing else for too long.</summary>
    private protected abstract string TooManyCommands { get; }

    /// <summary>What a client hears whose line is too long.</summary>
    private protected abstract string LineTooLong { get; }

    /// <summary>What a target says first.</summary>
    private protected abstract string TargetGreeting { get; }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task A_client_that_asks_for_TLS_gets_it(int maxRead)
    {
        TextPeer client = new(maxRead);
        Task<OpeningAnswer> answering = Answer(client);
        await client.PlayAsync($"< {Greeting}\n{Begins}");
        Assert.Equal(OpeningAnswer.Tls, await answering.TestTime());
        await client.AssertNothingWasTakenAsync();
        await client.HearNothingMoreAsync();
    }

    [Theory]
    [MemberData(nameof(Harmless))]
    public async Task A_client_may_say_harmless_things_before_TLS_and_nothing_else(string command, string reply)
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.PlayAsync($"< {Greeting}\n> {command}\n< {reply.ReplaceLineEndings("\n< ")}\n{Begins}");
        Assert.True((await answering.TestTime()).BeginsTls);
    }

    [Theory]
    [MemberData(nameof(ClientRefusals))]
    public async Task A_client_that_does_not_begin_TLS_in_order_is_refused(string why, string script)
    {
        TextPeer client = new();
        Task answering = Answer(client);
        await client.PlayAsync($"< {Greeting}\n{script}");
        await RefusedAsync(why, answering);
        await client.HearNothingMoreAsync();
    }

    [Fact]
    public async Task A_client_has_a_limit_of_commands_and_is_told()
    {
        TextPeer client = new();
        Task answering = Answer(client);
        await client.PlayAsync($"< {Greeting}");
        await client.SayAsync(Times(Idle.Command));
        await client.HearAsync(Times(Idle.Reply) + TooManyCommands + "\r\n");
        await RefusedAsync("the client sent 50 commands and asked for TLS by none of them", answering);

        static string Times(string line) => string.Concat(Enumerable.Repeat(line + "\r\n", AnsweredOpening.MaxCommands));
    }

    [Fact]
    public async Task A_line_of_a_client_has_a_limit_and_it_is_told()
    {
        TextPeer client = new();
        Task answering = Answer(client);
        await client.SayAsync(new string('x', MaxLine + 1));
        await client.HearAsync($"{Greeting}\r\n{LineTooLong}\r\n");
        await RefusedAsync($"the client sent a line of more than {MaxLine} bytes before TLS began", answering);
    }

    [Fact]
    public async Task The_targets_greeting_is_read_away_and_nothing_behind_it()
    {
        TextPeer target = new();
        byte[] behind = [0x16, 3, 1];
        await target.SayAsync(TargetGreeting);
        await target.SayAsync(behind);
        await Settle(target).TestTime();
        byte[] rest = new byte[behind.Length];
        await target.Opening.ReadExactlyAsync(rest).AsTask().TestTime();
        Assert.Equal(behind, rest);
        await target.HearNothingMoreAsync();
    }

    [Theory]
    [MemberData(nameof(TargetRefusals))]
    public async Task A_target_that_does_not_greet_as_the_client_was_greeted_is_refused(string why, string greeting)
    {
        TextPeer target = new();
        await target.SayAsync(greeting + "\r\n");
        await RefusedAsync(why, Settle(target));
    }

    private Task<OpeningAnswer> Answer(TextPeer client) => ((AnsweredOpening)Opening).AnswerAsync(client.Opening, default).AsTask();

    private Task Settle(TextPeer target) => Opening.SettleTargetAsync(target.Opening, default).AsTask();
}
