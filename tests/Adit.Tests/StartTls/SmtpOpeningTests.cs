using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class SmtpOpeningTests
{
    private readonly SmtpOpening _opening = new("adit.example");

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task A_server_is_asked_for_TLS_and_its_greeting_is_handed_on(int maxRead)
    {
        TextPeer server = new(maxRead);
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync("220-mail.example ESMTP\r\n220 gr\xfc\xdf dich\r\n");
        await server.HearAsync("EHLO adit.example\r\n");
        await server.SayAsync("250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
        await server.HearAsync("STARTTLS\r\n");
        await server.SayAsync("220 Ready\r\n");
        Assert.Equal("220-mail.example ESMTP\r\n220 gr\xfc\xdf dich\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
        await server.AssertNothingWasTakenAsync();
        await server.HearNothingMoreAsync();
    }

    [Fact]
    public async Task Line_feeds_alone_end_lines_too()
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync("220 x\n");
        await server.HearAsync("EHLO adit.example\r\n");
        await server.SayAsync("250\n");
        await server.HearAsync("STARTTLS\r\n");
        await server.SayAsync("220\n");
        Assert.Equal("220 x\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
    }

    [Theory]
    [InlineData("554 No service\r\n", "the SMTP server does not take connections: \"554 No service\"")]
    [InlineData("* OK IMAP\r\n", "the SMTP server does not speak SMTP; it said \"* OK IMAP\"")]
    [InlineData("220-a\r\n250 b\r\n", "the SMTP server does not speak SMTP; it said \"250 b\"")]
    [InlineData("\r\n", "the SMTP server does not speak SMTP; it said \"\"")]
    [InlineData("22", "the SMTP server closed the connection before TLS began")]
    [InlineData("\u001b[2J\r\n", "the SMTP server does not speak SMTP; it said \"\\x1b[2J\"")]
    public async Task A_server_that_greets_otherwise_is_refused(string greeting, string why)
    {
        TextPeer server = new();
        await server.SayAsync(greeting);
        server.Leave();
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(server)).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Theory]
    [InlineData("502 What\r\n", null, "the SMTP server refused EHLO: \"502 What\"")]
    [InlineData("250 mail\r\n", "454 TLS not available\r\n", "the SMTP server refused STARTTLS: \"454 TLS not available\"")]
    [InlineData("250 mail\r\n", "250 OK\r\n", "the SMTP server refused STARTTLS: \"250 OK\"")]
    public async Task A_server_without_TLS_is_refused(string ehlo, string? startTls, string why)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync("220 x\r\n");
        await server.HearAsync("EHLO adit.example\r\n");
        await server.SayAsync(ehlo);
        if (startTls is not null)
        {
            await server.HearAsync("STARTTLS\r\n");
            await server.SayAsync(startTls);
        }
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task What_a_server_sends_behind_its_consent_is_refused()
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync("220 x\r\n");
        await server.HearAsync("EHLO adit.example\r\n");
        await server.SayAsync("250 x\r\n");
        await server.HearAsync("STARTTLS\r\n");
        await server.SayAsync("220 go\r\n250 injected\r\n");
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Contains("sent more in the clear", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmtpOpening.MaxLineBytes, false)]
    [InlineData(SmtpOpening.MaxLineBytes + 1, true)]
    public async Task A_line_of_a_server_has_a_limit(int bytes, bool isRefused)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync(string.Concat("554 ", new string('x', bytes - 6), "\r\n"));
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Contains(isRefused ? "a line of more than 512 bytes" : "does not take connections: \"554 xx", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Message.Length < 300);
    }

    [Theory]
    [InlineData(SmtpOpening.MaxReplyLines, "does not take connections")]
    [InlineData(SmtpOpening.MaxReplyLines + 1, "a reply of more than 100 lines")]
    public async Task A_reply_has_a_limit_of_lines(int lines, string why)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.SayAsync(string.Concat(Enumerable.Repeat("554-x\r\n", lines - 1)) + "554 x\r\n");
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_silent_is_waited_for_as_long_as_the_caller_wants()
    {
        using CancellationTokenSource cancel = new();
        TextPeer server = new();
        Task asking = _opening.AskAsync(server.Opening, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking).TestTime();
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task A_client_that_asks_for_TLS_gets_it(int maxRead)
    {
        TextPeer client = new(maxRead);
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync("220 adit.example ESMTP\r\n");
        await client.SayAsync("ehlo client.example\r\n");
        await client.HearAsync("250-adit.example\r\n250 STARTTLS\r\n");
        await client.SayAsync("starttls\r\n");
        await client.HearAsync("220 Ready to start TLS\r\n");
        Assert.Equal(OpeningAnswer.Tls, await answering.TestTime());
        await client.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("HELO x", "250 adit.example")]
    [InlineData("EHLO", "501 Say your domain")]
    [InlineData("NOOP", "250 OK")]
    [InlineData("RSET", "250 OK")]
    [InlineData("MAIL FROM:<a@b>", "530 Must issue a STARTTLS command first")]
    [InlineData("AUTH PLAIN AGEAYg==", "530 Must issue a STARTTLS command first")]
    [InlineData("", "530 Must issue a STARTTLS command first")]
    [InlineData("STARTTLS now", "501 STARTTLS takes no parameters")]
    public async Task A_client_may_say_harmless_things_before_TLS_and_nothing_else(string command, string reply)
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync("220 adit.example ESMTP\r\n");
        await client.SayAsync(command + "\r\n");
        await client.HearAsync(reply + "\r\n");
        await client.SayAsync("STARTTLS\r\n");
        await client.HearAsync("220 Ready to start TLS\r\n");
        Assert.True((await answering.TestTime()).BeginsTls);
    }

    [Theory]
    [InlineData("STARTTLS\r\nMAIL FROM:<a@b>\r\n", "", "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    [InlineData("STARTTLS\r\n\x16", "", "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    [InlineData("QUIT\r\n", "221 adit.example Bye\r\n", "the client ended the conversation before TLS began")]
    [InlineData("EHL", "", "the client closed the connection before TLS began")]
    public async Task A_client_that_does_not_begin_TLS_in_order_is_refused(string sent, string reply, string why)
    {
        TextPeer client = new();
        await client.SayAsync(sent);
        Task<OpeningAnswer> answering = Answer(client);
        await client.HearAsync("220 adit.example ESMTP\r\n" + reply);
        if (reply.Length == 0)
            client.Leave();
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => answering).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task A_line_of_a_client_that_is_too_long_is_refused_in_words()
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.SayAsync(new string('x', SmtpOpening.MaxLineBytes + 1));
        await client.HearAsync("220 adit.example ESMTP\r\n500 The line is too long\r\n");
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => answering).TestTime();
        Assert.Equal("the client sent a line of more than 512 bytes before TLS began", refused.Message);
    }

    [Fact]
    public async Task A_client_has_a_limit_of_commands()
    {
        TextPeer client = new();
        Task<OpeningAnswer> answering = Answer(client);
        await client.SayAsync(string.Concat(Enumerable.Repeat("NOOP\r\n", AnsweredOpening.MaxCommands)));
        string replies = string.Concat(Enumerable.Repeat("250 OK\r\n", AnsweredOpening.MaxCommands));
        await client.HearAsync($"220 adit.example ESMTP\r\n{replies}421 adit.example Too many commands before STARTTLS\r\n");
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => answering).TestTime();
        Assert.Equal("the client sent 50 commands and asked for TLS by none of them", refused.Message);
    }

    [Fact]
    public async Task The_targets_greeting_is_read_away_and_nothing_behind_it()
    {
        TextPeer target = new();
        await target.SayAsync("220-mail\r\n220 ESMTP\r\n");
        await target.SayAsync([0x16, 3, 1]);
        await _opening.SettleTargetAsync(target.Opening, default).AsTask().TestTime();
        byte[] rest = new byte[3];
        await target.Opening.ReadExactlyAsync(rest).AsTask().TestTime();
        Assert.Equal([0x16, 3, 1], rest);
        await target.HearNothingMoreAsync();
    }

    [Fact]
    public async Task A_target_that_is_not_ready_is_told_of()
    {
        TextPeer target = new();
        await target.SayAsync("421 Busy\r\n");
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => _opening.SettleTargetAsync(target.Opening, default).AsTask()).TestTime();
        Assert.Equal("the SMTP server does not take connections: \"421 Busy\"", refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nMAIL")]
    [InlineData("\u00e4.example")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<ArgumentException>(() => new SmtpOpening(name));

    private Task<ReadOnlyMemory<byte>> Ask(TextPeer server) => _opening.AskAsync(server.Opening, default).AsTask();

    private Task<OpeningAnswer> Answer(TextPeer client) => _opening.AnswerAsync(client.Opening, default).AsTask();
}
