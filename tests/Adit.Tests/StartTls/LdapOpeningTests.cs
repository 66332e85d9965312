using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class LdapOpeningTests
{
    // RFC 4511 section 4.14: message 1, extended request 1.3.6.1.4.1.1466.20037.
    private const string Request = "301d02010177188016312e332e362e312e342e312e313436362e3230303337";

    [Theory]
    [InlineData("300c02010178070a010004000400")] // OpenLDAP
    [InlineData("308400000028020101788400000" + "01f0a0100040004008a16312e332e362e312e342e312e313436362e3230303337")] // Active Directory
    [InlineData("30810c02010178070a010004000400")]
    public async Task An_LDAP_server_is_asked_for_TLS_and_nothing_is_handed_on(string answer)
    {
        TextPeer server = new();
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        Assert.Equal(Request, Convert.ToHexStringLower(await server.HearAsync(Request.Length / 2)));
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
        Task<ReadOnlyMemory<byte>> asking = Ask(server);
        await server.HearAsync(Request.Length / 2);
        server.Leave();
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => asking).TestTime();
        Assert.Equal(why, refused.Message);
    }

    private static Task<ReadOnlyMemory<byte>> Ask(TextPeer server) => new LdapOpening().AskAsync(server.Opening, default).AsTask();
}
