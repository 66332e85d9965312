using Adit.StartTls;

namespace Adit.Tests.StartTls;

public sealed class NntpOpeningTests : TextOpeningTests<NntpOpeningTests>, ITextConversations
{
    public static new TheoryData<string, string> Agreements => new()
    {
        { "200 posting allowed", "> 200 posting allowed\n< STARTTLS\n> 382 Continue" },
        { "201 no posting", "> 201 no posting\n< STARTTLS\n> 382 Continue" },
    };

    public static new TheoryData<string, string> ServerRefusals => new()
    {
        { "the NNTP server does not take connections: \"502 go away\"", "> 502 go away" },
        { "the NNTP server does not speak NNTP; it said \"SSH-2.0-x\"", "> SSH-2.0-x" },
        { "the NNTP server refused STARTTLS: \"580 no TLS\"", "> 200 hi\n< STARTTLS\n> 580 no TLS" },
        {
            "the NNTP server sent more in the clear where TLS begins, which may be an attack; the connection is refused",
            "> 200 hi\n< STARTTLS\n> 382 go\n> 500 injected"
        },
    };

    private protected override TlsOpening Opening { get; } = new NntpOpening();

    private protected override string Server => "the NNTP server";

    private protected override int MaxLine => NntpOpening.MaxLineBytes;

    private protected override string Busy => "502 ";
}
