using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class ImapOpeningTests
{
    private const string Ready = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] IMAP ready, begin with STARTTLS\r\n";

    private readonly ImapOpening _opening = new();

    [Theory]
    [InlineData("* OK Dovecot ready.", "* OK Dovecot ready.")]
    [InlineData("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.", "* OK Dovecot ready.")]
    [InlineData("* ok [capability IMAP4rev1]", "* OK IMAP ready")]
    [InlineData("* OK [CAPABILITY IMAP4rev1", "* OK IMAP ready")]
    [InlineData("* OK [ALERT] Down at noon", "* OK [ALERT] Down at noon")]
    [InlineData("* OK", "* OK")]
    public async Task A_server_is_asked_for_TLS_and_its_greeting_is_handed_on_without_capabilities(string greeting, string handedOn)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync(greeting + "\r\n");
        await server.HearAsync("adit1 STARTTLS\r\n");
        await server.SayAsync("* CAPABILITY IMAP4rev1\r\nadit1 OK go\r\n");
        Assert.Equal(handedOn + "\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
        await server.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("* BYE full\r\n", "the IMAP server does not take connections: \"* BYE full\"")]
    [InlineData("* PREAUTH hello\r\n", "the IMAP server has logged its client in before TLS, behind which there is no STARTTLS: \"* PREAUTH hello\"")]
    [InlineData("+OK\r\n", "the IMAP server does not speak IMAP; it said \"+OK\"")]
    [InlineData("* OKAY\r\n", "the IMAP server does not speak IMAP; it said \"* OKAY\"")]
    [InlineData("* OK\r\nadit1 BAD what\r\n", "the IMAP server refused STARTTLS: \"adit1 BAD what\"")]
    [InlineData("* OK\r\nadit1 NO later\r\n", "the IMAP server refused STARTTLS: \"adit1 NO later\"")]
    [InlineData("* OK\r\n* BYE now\r\n", "the IMAP server refused STARTTLS: \"* BYE now\"")]
    [InlineData("* OK\r\nadit2 OK\r\n", "the IMAP server does not speak IMAP; it said \"adit2 OK\"")]
    [InlineData("* OK\r\nadit1 OK\r\n* injected\r\n", "the IMAP server sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    public async Task A_server_that_does_not_agree_is_refused(string said, string why)
    {
        TextPeer server = new();
        await server.SayAsync(said);
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(server)).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task What_a_server_sends_has_limits()
    {
        TextPeer talker = new();
        await talker.SayAsync("* OK\r\n" + string.Concat(Enumerable.Repeat("* x\r\n", ImapOpening.MaxUntaggedLines + 1)));
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(talker)).TestTime();
        Assert.Equal("the IMAP server sent more than 100 lines and did not answer STARTTLS", refused.Message);

        TextPeer endless = new();
        await endless.SayAsync(new string('*', ImapOpening.MaxLineBytes + 1));
        refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(endless)).TestTime();
        Assert.Equal("the IMAP server sent a line of more than 8192 bytes before TLS began", refused.Message);
    }

    [Fact]
    public async Task As_many_lines_as_are_allowed_may_come_before_the_answer()
    {
        TextPeer server = new();
        await server.SayAsync("* OK\r\n" + string.Concat(Enumerable.Repeat("* x\r\n", ImapOpening.MaxUntaggedLines)) + "adit1 OK\r\n");
        Assert.Equal("* OK\r\n"u8.ToArray(), (await Ask(server).TestTime()).ToArray());
    }

    [Theory]
    [InlineData("a1 CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK CAPABILITY completed")]
    [InlineData("a1 noop", "a1 OK NOOP completed")]
    [InlineData("a1 LOGIN joe secret", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first")]
    [InlineData("a1 LOGIN joe {6}", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first")]
    [InlineData("a1 AUTHENTICATE PLAIN", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first")]
    [InlineData("a1 SELECT INBOX", "a1 BAD Begin TLS with STARTTLS first")]
    [InlineData("a1 STARTTLS now", "a1 BAD Begin TLS with STARTTLS first")]
    [InlineData("STARTTLS", "* BAD A command is a tag, a space and a word")]
    [InlineData("* STARTTLS", "* BAD A command is a tag, a space and a word")]
    [InlineData(" STARTTLS", "* BAD A command is a tag, a space and a word")]
    [InlineData("a\x1b STARTTLS", "* BAD A command is a tag, a space and a word")]
    public async Task A_client_may_say_harmless_things_before_TLS_and_nothing_else(string command, string reply)
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync(Ready);
        await client.SayAsync(command + "\r\n");
        await client.HearAsync(reply + "\r\n");
        await client.SayAsync(".7 starttls\r\n");
        await client.HearAsync(".7 OK Begin TLS negotiation now\r\n");
        Assert.True((await answering.TestTime()).BeginsTls);
        await client.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("a STARTTLS\r\nb LOGIN x y\r\n", "", "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    [InlineData("a LOGOUT\r\n", "* BYE Logging out\r\na OK LOGOUT completed\r\n", "the client ended the conversation before TLS began")]
    [InlineData("a LOGIN {12+}\r\nb STARTTLS\r\n", "* BYE Literals are not taken before STARTTLS\r\n",
        "the client sent before TLS what cannot be told from commands; the connection is refused")]
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
        await talker.SayAsync(string.Concat(Enumerable.Repeat("a NOOP\r\n", AnsweredOpening.MaxCommands)));
        await Assert.ThrowsAsync<OpeningException>(() => Answer(talker)).TestTime();
        string replies = string.Concat(Enumerable.Repeat("a OK NOOP completed\r\n", AnsweredOpening.MaxCommands));
        await talker.HearAsync(Ready + replies + "* BYE Too many commands before STARTTLS\r\n");

        TextPeer endless = new();
        await endless.SayAsync(new string('x', ImapOpening.MaxLineBytes + 1));
        await Assert.ThrowsAsync<OpeningException>(() => Answer(endless)).TestTime();
        await endless.HearAsync(Ready + "* BYE The line is too long\r\n");
    }

    [Fact]
    public async Task The_targets_greeting_is_read_away_and_nothing_behind_it()
    {
        TextPeer target = new();
        await target.SayAsync("* OK ready\r\n*");
        await _opening.SettleTargetAsync(target.Opening, default).AsTask().TestTime();
        byte[] rest = new byte[1];
        await target.Opening.ReadExactlyAsync(rest).AsTask().TestTime();
        Assert.Equal((byte)'*', rest[0]);
    }

    [Theory]
    [InlineData("* PREAUTH hello\r\n")]
    [InlineData("* BYE full\r\n")]
    public async Task A_target_that_does_not_greet_as_the_client_was_greeted_is_refused(string greeting)
    {
        TextPeer target = new();
        await target.SayAsync(greeting);
        await Assert.ThrowsAsync<OpeningException>(() => _opening.SettleTargetAsync(target.Opening, default).AsTask()).TestTime();
    }

    private Task<ReadOnlyMemory<byte>> Ask(TextPeer server) => _opening.AskAsync(server.Opening, default).AsTask();

    private Task<OpeningAnswer> Answer(TextPeer client) => _opening.AnswerAsync(client.Opening, default).AsTask();
}
