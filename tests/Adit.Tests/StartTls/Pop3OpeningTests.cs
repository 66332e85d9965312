using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class Pop3OpeningTests
{
    private const string Ready = "+OK POP3 ready, begin with STLS\r\n";

    private readonly Pop3Opening _opening = new();

    [Fact]
    public async Task A_server_is_asked_for_TLS_and_its_greeting_is_handed_on_for_its_time_stamp()
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync("+OK hello <1896.697170952@dbc.example>\r\n");
        await server.HearAsync("STLS\r\n");
        await server.SayAsync("+OK\r\n");
        Assert.Equal("+OK hello <1896.697170952@dbc.example>\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
        await server.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("-ERR full\r\n", "the POP3 server does not take connections: \"-ERR full\"")]
    [InlineData("220 mail ESMTP\r\n", "the POP3 server does not speak POP3; it said \"220 mail ESMTP\"")]
    [InlineData("+OKAY\r\n", "the POP3 server does not speak POP3; it said \"+OKAY\"")]
    [InlineData("+OK\r\n-ERR no TLS\r\n", "the POP3 server refused STLS: \"-ERR no TLS\"")]
    [InlineData("+OK\r\n+OK\r\n-ERR injected\r\n", "the POP3 server sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    [InlineData("+OK\r\n", "the POP3 server closed the connection before TLS began")]
    public async Task A_server_that_does_not_agree_is_refused(string said, string why)
    {
        TextPeer server = new();
        await server.SayAsync(said);
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        if (said == "+OK\r\n")
        {
            await server.HearAsync("STLS\r\n");
            server.Leave();
        }
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task A_line_of_a_server_has_a_limit()
    {
        TextPeer server = new();
        await server.SayAsync("+OK " + new string('x', Pop3Opening.MaxLineBytes));
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(server)).TestTime();
        Assert.Equal("the POP3 server sent a line of more than 512 bytes before TLS began", refused.Message);
    }

    [Theory]
    [InlineData("CAPA", "+OK Capability list follows\r\nSTLS\r\n.")]
    [InlineData("NOOP", "+OK")]
    [InlineData("USER joe", "-ERR Begin TLS with STLS first")]
    [InlineData("STLS now", "-ERR Begin TLS with STLS first")]
    public async Task A_client_may_say_harmless_things_before_TLS_and_nothing_else(string command, string reply)
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync(Ready);
        await client.SayAsync(command + "\r\n");
        await client.HearAsync(reply + "\r\n");
        await client.SayAsync("stls\r\n");
        await client.HearAsync("+OK Begin TLS negotiation\r\n");
        Assert.True((await answering.TestTime()).BeginsTls);
        await client.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("STLS\r\nUSER joe\r\n", "", "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    [InlineData("QUIT\r\n", "+OK Bye\r\n", "the client ended the conversation before TLS began")]
    public async Task A_client_that_does_not_begin_TLS_in_order_is_refused(string sent, string reply, string why)
    {
        TextPeer client = new();
        await client.SayAsync(sent);
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync(Ready + reply);
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => answering).TestTime();
        Assert.Equal(why, refused.Message);
        await client.HearNothingMoreAsync();
    }

    [Fact]
    public async Task Limits_of_a_client_are_told_to_it()
    {
        TextPeer talker = new();
        await talker.SayAsync(string.Concat(Enumerable.Repeat("NOOP\r\n", AnsweredOpening.MaxCommands)));
        await Assert.ThrowsAsync<OpeningException>(() => Answer(talker)).TestTime();
        await talker.HearAsync(Ready + string.Concat(Enumerable.Repeat("+OK\r\n", AnsweredOpening.MaxCommands)) + "-ERR Too many commands before STLS\r\n");

        TextPeer endless = new();
        await endless.SayAsync(new string('x', Pop3Opening.MaxLineBytes + 1));
        await Assert.ThrowsAsync<OpeningException>(() => Answer(endless)).TestTime();
        await endless.HearAsync(Ready + "-ERR The line is too long\r\n");
    }

    [Fact]
    public async Task The_targets_greeting_is_read_away_and_nothing_behind_it()
    {
        TextPeer target = new();
        await target.SayAsync("+OK ready\r\n+");
        await _opening.SettleTargetAsync(target.Opening, default).AsTask().TestTime();
        byte[] rest = new byte[1];
        await target.Opening.ReadExactlyAsync(rest).AsTask().TestTime();
        Assert.Equal((byte)'+', rest[0]);
    }

    private Task<ReadOnlyMemory<byte>> Ask(TextPeer server) => _opening.AskAsync(server.Opening, default).AsTask();

    private Task<OpeningAnswer> Answer(TextPeer client) => _opening.AnswerAsync(client.Opening, default).AsTask();
}
