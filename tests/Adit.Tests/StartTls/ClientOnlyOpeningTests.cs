using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

public sealed class ClientOnlyOpeningTests
{
    [Fact]
    public async Task Neither_NNTP_nor_LDAP_is_spoken_as_a_server()
    {
        ClientOnlyOpening[] openings = [new NntpOpening(), new LdapOpening()];
        foreach (ClientOnlyOpening opening in openings)
        {
            OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => opening.AnswerAsync(new TextPeer().Opening, default).AsTask()).TestTime();
            Assert.EndsWith(" is spoken before TLS only as a client, not as a server", refused.Message, StringComparison.Ordinal);
        }
    }
}
