using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class SmtpOpeningTests : AnsweredOpeningTests<SmtpOpeningTests>, IAnsweredConversations
{
    public static new TheoryData<string, string> Agreements => new()
    {
        {
            "220-mail.example ESMTP\r\n220 gr\xfc\xdf dich",
            "> 220-mail.example ESMTP\n> 220 gr\xfc\xdf dich\n< EHLO adit.example\n> 250-mail.example\n> 250-SIZE 1000\n> 250 STARTTLS\n< STARTTLS\n> 220 Ready"
        },
    };

    public static new TheoryData<string, string> ServerRefusals => new()
    {
        { "the SMTP server does not take connections: \"554 No service\"", "> 554 No service" },
        { "the SMTP server does not speak SMTP; it said \"* OK IMAP\"", "> * OK IMAP" },
        { "the SMTP server does not speak SMTP; it said \"250 b\"", "> 220-a\n> 250 b" },
        { "the SMTP server does not speak SMTP; it said \"\"", "> " },
        { "the SMTP server closed the connection before TLS began", ">>22\nleaves" },
        { "the SMTP server does not speak SMTP; it said \"\\x1b[2J\"", "> \u001b[2J" },
        { "the SMTP server refused EHLO: \"502 What\"", "> 220 x\n< EHLO adit.example\n> 502 What" },
        { "the SMTP server refused STARTTLS: \"454 TLS not available\"", "> 220 x\n< EHLO adit.example\n> 250 mail\n< STARTTLS\n> 454 TLS not available" },
        { "the SMTP server refused STARTTLS: \"250 OK\"", "> 220 x\n< EHLO adit.example\n> 250 mail\n< STARTTLS\n> 250 OK" },
        {
            "the SMTP server sent more in the clear where TLS begins, which may be an attack; the connection is refused",
            "> 220 x\n< EHLO adit.example\n> 250 x\n< STARTTLS\n> 220 go\n> 250 injected"
        },
    };

    public static new TheoryData<string, string> Harmless => new()
    {
        { "ehlo client.example", "250-adit.example\n250 STARTTLS" },
        { "HELO x", "250 adit.example" },
        { "EHLO", "501 Say your domain" },
        { "NOOP", "250 OK" },
        { "RSET", "250 OK" },
        { "MAIL FROM:<a@b>", "530 Must issue a STARTTLS command first" },
        { "AUTH PLAIN AGEAYg==", "530 Must issue a STARTTLS command first" },
        { "", "530 Must issue a STARTTLS command first" },
        { "STARTTLS now", "501 STARTTLS takes no parameters" },
    };

    public static new TheoryData<string, string> ClientRefusals => new()
    {
        { "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused", "> STARTTLS\n> MAIL FROM:<a@b>" },
        { "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused", "> STARTTLS\n>>\x16" },
        { "the client ended the conversation before TLS began", "> QUIT\n< 221 adit.example Bye" },
        { "the client closed the connection before TLS began", ">>EHL\nleaves" },
    };

    public static new TheoryData<string, string> TargetRefusals => new()
    {
        { "the SMTP server does not take connections: \"421 Busy\"", "421 Busy" },
    };

    private protected override TlsOpening Opening { get; } = new SmtpOpening("adit.example");

    private protected override string Server => "the SMTP server";

    private protected override int MaxLine => SmtpOpening.MaxLineBytes;

    private protected override string Busy => "554 ";

    private protected override string Greeting => "220 adit.example ESMTP";

    private protected override string Begins => "> starttls\n< 220 Ready to start TLS";

    private protected override (string Command, string Reply) Idle => ("NOOP", "250 OK");

    private protected override string TooManyCommands => "421 adit.example Too many commands before STARTTLS";

    private protected override string LineTooLong => "500 The line is too long";

    private protected override string TargetGreeting => "220-mail\r\n220 ESMTP\r\n";

    [Fact]
    public async Task Line_feeds_alone_end_lines_too()
    {
        TextPeer server = new();
        await server.SayAsync("220 x\n250\n220\n");
        Assert.Equal("220 x\r\n", Encoding.Latin1.GetString((await Ask(server).TestTime()).Span));
        await server.HearAsync("EHLO adit.example\r\nSTARTTLS\r\n");
    }

    [Theory]
    [InlineData(SmtpOpening.MaxReplyLines, "the SMTP server does not take connections: \"554 x\"")]
    [InlineData(SmtpOpening.MaxReplyLines + 1, "the SMTP server gave a reply of more than 100 lines")]
    public async Task A_reply_has_a_limit_of_lines(int lines, string why)
    {
        TextPeer server = new();
        await server.SayAsync(string.Concat(Enumerable.Repeat("554-x\r\n", lines - 1)) + "554 x\r\n");
        await RefusedAsync(why, Ask(server));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nMAIL")]
    [InlineData("\u00e4.example")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<ArgumentException>(() => new SmtpOpening(name));
}
