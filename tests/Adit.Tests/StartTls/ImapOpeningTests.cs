using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class ImapOpeningTests : AnsweredOpeningTests<ImapOpeningTests>, IAnsweredConversations
{
    // Without capabilities, which hold before TLS only.
    public static new TheoryData<string, string> Agreements => new()
    {
        { "* OK Dovecot ready.", Agreement("* OK Dovecot ready.") },
        { "* OK Dovecot ready.", Agreement("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.") },
        { "* OK IMAP ready", Agreement("* ok [capability IMAP4rev1]") },
        { "* OK IMAP ready", Agreement("* OK [CAPABILITY IMAP4rev1") },
        { "* OK [ALERT] Down at noon", Agreement("* OK [ALERT] Down at noon") },
        { "* OK", Agreement("* OK") },
    };

    public static new TheoryData<string, string> ServerRefusals => new()
    {
        { "the IMAP server does not take connections: \"* BYE full\"", "> * BYE full" },
        { "the IMAP server has logged its client in before TLS, behind which there is no STARTTLS: \"* PREAUTH hello\"", "> * PREAUTH hello" },
        { "the IMAP server does not speak IMAP; it said \"+OK\"", "> +OK" },
        { "the IMAP server does not speak IMAP; it said \"* OKAY\"", "> * OKAY" },
        { "the IMAP server refused STARTTLS: \"adit1 BAD what\"", "> * OK\n< adit1 STARTTLS\n> adit1 BAD what" },
        { "the IMAP server refused STARTTLS: \"adit1 NO later\"", "> * OK\n< adit1 STARTTLS\n> adit1 NO later" },
        { "the IMAP server refused STARTTLS: \"* BYE now\"", "> * OK\n< adit1 STARTTLS\n> * BYE now" },
        { "the IMAP server does not speak IMAP; it said \"adit2 OK\"", "> * OK\n< adit1 STARTTLS\n> adit2 OK" },
        {
            "the IMAP server sent more in the clear where TLS begins, which may be an attack; the connection is refused",
            "> * OK\n< adit1 STARTTLS\n> adit1 OK\n> * injected"
        },
    };

    public static new TheoryData<string, string> Harmless => new()
    {
        { "a1 CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\na1 OK CAPABILITY completed" },
        { "a1 noop", "a1 OK NOOP completed" },
        { "a1 LOGIN joe secret", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first" },
        { "a1 LOGIN joe {6}", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first" },
        { "a1 AUTHENTICATE PLAIN", "a1 NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first" },
        { "a1 SELECT INBOX", "a1 BAD Begin TLS with STARTTLS first" },
        { "a1 STARTTLS now", "a1 BAD Begin TLS with STARTTLS first" },
        { "STARTTLS", "* BAD A command is a tag, a space and a word" },
        { "* STARTTLS", "* BAD A command is a tag, a space and a word" },
        { " STARTTLS", "* BAD A command is a tag, a space and a word" },
        { "a\x1b STARTTLS", "* BAD A command is a tag, a space and a word" },
    };

    public static new TheoryData<string, string> ClientRefusals => new()
    {
        { "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused", "> a STARTTLS\n> b LOGIN x y" },
        { "the client ended the conversation before TLS began", "> a LOGOUT\n< * BYE Logging out\n< a OK LOGOUT completed" },
        {
            "the client sent before TLS what cannot be told from commands; the connection is refused",
            "> a LOGIN {12+}\n> b STARTTLS\n< * BYE Literals are not taken before STARTTLS"
        },
    };

    public static new TheoryData<string, string> TargetRefusals => new()
    {
        { "the IMAP server does not take connections: \"* BYE full\"", "* BYE full" },
        { "the IMAP server has logged its client in before TLS, behind which there is no STARTTLS: \"* PREAUTH hello\"", "* PREAUTH hello" },
    };

    private protected override TlsOpening Opening { get; } = new ImapOpening();

    private protected override string Server => "the IMAP server";

    private protected override int MaxLine => ImapOpening.MaxLineBytes;

    private protected override string Busy => "* BYE ";

    private protected override string Greeting => "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] IMAP ready, begin with STARTTLS";

    private protected override string Begins => "> .7 starttls\n< .7 OK Begin TLS negotiation now";

    private protected override (string Command, string Reply) Idle => ("a NOOP", "a OK NOOP completed");

    private protected override string TooManyCommands => "* BYE Too many commands before STARTTLS";

    private protected override string LineTooLong => "* BYE The line is too long";

    private protected override string TargetGreeting => "* OK ready\r\n";

    [Fact]
    public async Task As_many_lines_as_are_allowed_may_come_before_the_answer()
    {
        TextPeer server = new();
        await server.SayAsync($"* OK\r\n{Untagged(ImapOpening.MaxUntaggedLines)}adit1 OK\r\n");
        Assert.Equal("* OK\r\n"u8.ToArray(), (await Ask(server).TestTime()).ToArray());
    }

    [Fact]
    public async Task One_more_is_refused()
    {
        TextPeer server = new();
        await server.SayAsync($"* OK\r\n{Untagged(ImapOpening.MaxUntaggedLines + 1)}");
        await RefusedAsync("the IMAP server sent more than 100 lines and did not answer STARTTLS", Ask(server));
    }

    private static string Agreement(string greeting) => $"> {greeting}\n< adit1 STARTTLS\n> * CAPABILITY IMAP4rev1\n> adit1 OK go";

    private static string Untagged(int lines) => string.Concat(Enumerable.Repeat("* x\r\n", lines));
}
