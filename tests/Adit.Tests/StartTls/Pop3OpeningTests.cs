using Adit.StartTls;

namespace Adit.Tests.StartTls;

public sealed class Pop3OpeningTests : AnsweredOpeningTests<Pop3OpeningTests>, IAnsweredConversations
{
    // With the time stamp for APOP.
    public static new TheoryData<string, string> Agreements => new()
    {
        { "+OK hello <1896.697170952@dbc.example>", "> +OK hello <1896.697170952@dbc.example>\n< STLS\n> +OK" },
    };

    public static new TheoryData<string, string> ServerRefusals => new()
    {
        { "the POP3 server does not take connections: \"-ERR full\"", "> -ERR full" },
        { "the POP3 server does not speak POP3; it said \"220 mail ESMTP\"", "> 220 mail ESMTP" },
        { "the POP3 server does not speak POP3; it said \"+OKAY\"", "> +OKAY" },
        { "the POP3 server refused STLS: \"-ERR no TLS\"", "> +OK\n< STLS\n> -ERR no TLS" },
        {
            "the POP3 server sent more in the clear where TLS begins, which may be an attack; the connection is refused",
            "> +OK\n< STLS\n> +OK\n> -ERR injected"
        },
        { "the POP3 server closed the connection before TLS began", "> +OK\n< STLS\nleaves" },
    };

    public static new TheoryData<string, string> Harmless => new()
    {
        { "CAPA", "+OK Capability list follows\nSTLS\n." },
        { "NOOP", "+OK" },
        { "USER joe", "-ERR Begin TLS with STLS first" },
        { "STLS now", "-ERR Begin TLS with STLS first" },
    };

    public static new TheoryData<string, string> ClientRefusals => new()
    {
        { "the client sent more in the clear where TLS begins, which may be an attack; the connection is refused", "> STLS\n> USER joe" },
        { "the client ended the conversation before TLS began", "> QUIT\n< +OK Bye" },
    };

    public static new TheoryData<string, string> TargetRefusals => new()
    {
        { "the POP3 server does not take connections: \"-ERR full\"", "-ERR full" },
    };

    private protected override TlsOpening Opening { get; } = new Pop3Opening();

    private protected override string Server => "the POP3 server";

    private protected override int MaxLine => Pop3Opening.MaxLineBytes;

    private protected override string Busy => "-ERR ";

    private protected override string Greeting => "+OK POP3 ready, begin with STLS";

    private protected override string Begins => "> stls\n< +OK Begin TLS negotiation";

    private protected override (string Command, string Reply) Idle => ("NOOP", "+OK");

    private protected override string TooManyCommands => "-ERR Too many commands before STLS";

    private protected override string LineTooLong => "-ERR The line is too long";

    private protected override string TargetGreeting => "+OK ready\r\n";
}
