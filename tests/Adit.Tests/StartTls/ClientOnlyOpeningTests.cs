using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class ClientOnlyOpeningTests
{
    // RFC 4511 section 4.14: message 1, extended request 1.3.6.1.4.1.1466.20037.
    private const string LdapRequest = "301d02010177188016312e332e362e312e342e312e313436362e3230303337";

    [Theory]
    [InlineData("200 posting allowed")]
    [InlineData("201 no posting")]
    public async Task An_NNTP_server_is_asked_for_TLS_and_its_greeting_is_handed_on(string greeting)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(new NntpOpening(), server);
        await server.SayAsync(greeting + "\r\n");
        await server.HearAsync("STARTTLS\r\n");
        await server.SayAsync("382 Continue\r\n");
        Assert.Equal(greeting + "\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
        await server.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("502 go away\r\n", "the NNTP server does not take connections: \"502 go away\"")]
    [InlineData("SSH-2.0-x\r\n", "the NNTP server does not speak NNTP; it said \"SSH-2.0-x\"")]
    [InlineData("200 hi\r\n580 no TLS\r\n", "the NNTP server refused STARTTLS: \"580 no TLS\"")]
    [InlineData("200 hi\r\n382 go\r\n500 injected\r\n", "the NNTP server sent more in the clear where TLS begins, which may be an attack; the connection is refused")]
    public async Task An_NNTP_server_that_does_not_agree_is_refused(string said, string why)
    {
        TextPeer server = new();
        await server.SayAsync(said);
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(new NntpOpening(), server)).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task A_line_of_an_NNTP_server_has_a_limit()
    {
        TextPeer server = new();
        await server.SayAsync(new string('2', NntpOpening.MaxLineBytes + 1));
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(new NntpOpening(), server)).TestTime();
        Assert.Equal("the NNTP server sent a line of more than 512 bytes before TLS began", refused.Message);
    }

    [Theory]
    [InlineData("300c02010178070a010004000400")] // OpenLDAP
    [InlineData("308400000028020101788400000" + "01f0a0100040004008a16312e332e362e312e342e312e313436362e3230303337")] // Active Directory
    [InlineData("30810c02010178070a010004000400")]
    public async Task An_LDAP_server_is_asked_for_TLS_and_nothing_is_handed_on(string answer)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(new LdapOpening(), server);
        Assert.Equal(LdapRequest, Convert.ToHexStringLower(await server.HearAsync(LdapRequest.Length / 2)));
        await server.SayAsync(Convert.FromHexString(answer));
        Assert.True((await asking.TestTime()).IsEmpty);
        await server.AssertNothingWasTakenAsync();
    }

    [Theory]
    [InlineData("301602010178110a010204000" + "40a6e6f20544c53e280ae21", "the LDAP server refused StartTLS: protocol error, so it may not know StartTLS, \"no TLS\\u202e!\"")]
    [InlineData("300c02010178070a013504000400", "the LDAP server refused StartTLS: unwilling to perform")]
    [InlineData("300c02010178070a015004000400", "the LDAP server refused StartTLS: result 80")]
    [InlineData("300d02010178080a02010004000400", "the LDAP server refused StartTLS: result 2147483647")]
    [InlineData("300c02010078070a013404000400", "the LDAP server ended the connection: unavailable")]
    [InlineData("300c02010278070a010004000400", "the LDAP server does not speak LDAP: it answered another request")]
    [InlineData("300c02010161070a010004000400", "the LDAP server does not speak LDAP: its answer is malformed")]
    [InlineData("3000", "the LDAP server does not speak LDAP: its answer is malformed")]
    [InlineData("3080", "the LDAP server does not speak LDAP: its answer has a malformed length")]
    [InlineData("3085", "the LDAP server does not speak LDAP: its answer has a malformed length")]
    [InlineData("32322030", "the LDAP server does not speak LDAP: its answer begins with 0x32")]
    [InlineData("30821001", "the LDAP server gave an answer of 4097 bytes; 4096 are the limit")]
    [InlineData("3084ffffffff", "the LDAP server gave an answer of 4294967295 bytes; 4096 are the limit")]
    [InlineData("300c0201", "the LDAP server closed the connection before TLS began")]
    [InlineData("", "the LDAP server closed the connection before TLS began")]
    public async Task An_LDAP_server_that_does_not_agree_is_refused(string answer, string why)
    {
        TextPeer server = new();
        await server.SayAsync(Convert.FromHexString(answer));
        Task<ReadOnlyMemory<byte>> asking = Ask(new LdapOpening(), server);
        await server.HearAsync(LdapRequest.Length / 2);
        server.Leave();
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Equal(why, refused.Message);
    }

    [Fact]
    public async Task Neither_is_spoken_as_a_server()
    {
        ClientOnlyOpening[] openings = [new NntpOpening(), new LdapOpening()];
        foreach (ClientOnlyOpening opening in openings)
        {
            OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => opening.AnswerAsync(new TextPeer().Opening, default).AsTask()).TestTime();
            Assert.EndsWith(" is spoken before TLS only as a client, not as a server", refused.Message, StringComparison.Ordinal);
        }
    }

    private static Task<ReadOnlyMemory<byte>> Ask(TlsOpening opening, TextPeer server) => opening.AskAsync(server.Opening, default).AsTask();
}
