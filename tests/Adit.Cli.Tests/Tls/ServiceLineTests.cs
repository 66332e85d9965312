using Adit.Cli.Tls;
using Adit.Stunnel;

namespace Adit.Cli.Tests.Tls;

public sealed class ServiceLineTests
{
    private const string Server = "cert = s.pem\naccept = 9000\n";
    private const string Client = "client = yes\naccept = 5432\n";
    private const string Verified = "verifyChain = yes\nCAfile = ca.pem\n";

    [Theory]
    [InlineData(Client + Verified + "connect = db.foo.com:5433\ncheckHost = db.foo.com", "[pg] here → db.foo.com:5433 (tls, certificate from ca.pem, for db.foo.com)")]
    [InlineData(Client + Verified + "connect = db.foo.com:5433", "[pg] here → db.foo.com:5433 (tls, certificate from ca.pem, whatever its name)")]
    [InlineData(Client + Verified + "connect = a:1\nconnect = b:2\ncheckHost = a\ncheckIP = 10.0.0.1\nCRLfile = crl.pem", "[pg] here → a:1 or b:2 (tls, certificate from ca.pem, for a or 10.0.0.1, not revoked)")]
    [InlineData(Client + "connect = a:1\nverifyPeer = yes\nCAfile = a.pem", "[pg] here → a:1 (tls, very certificate in a.pem)")]
    [InlineData(Client + "connect = a:1\nAditInsecure = yes\nprotocol = pgsql", "[pg] here → a:1 (tls by pgsql, SERVER NOT VERIFIED)")]
    [InlineData(Client + Verified + "connect = proxy:3128\nprotocol = connect\nprotocolHost = db:9000\ncheckHost = db", "[pg] here → proxy:3128 → db:9000 (tls, certificate from ca.pem, for db)")]
    [InlineData(Server + "connect = 5432", "[pg] here (tls, clients not verified) → localhost:5432")]
    [InlineData(Server + "connect = db.internal:5432", "[pg] here (tls, clients not verified) → db.internal:5432 (PLAINTEXT)")]
    [InlineData(Server + Verified + "connect = /run/pg/.s.PGSQL.5432", "[pg] here (tls, client's certificate from ca.pem) → /run/pg/.s.PGSQL.5432")]
    [InlineData(Server + "requireCert = yes\nconnect = 5432", "[pg] here (tls, any certificate of the client) → localhost:5432")]
    [InlineData(Server + "exec = /bin/cat", "[pg] here (tls, clients not verified) → /bin/cat")]
    [InlineData(Server + "protocol = socks", "[pg] here (tls, clients not verified) → whatever they name by SOCKS")]
    [InlineData("client = yes\n" + Verified + "exec = /usr/sbin/pppd\nconnect = a:1\ncheckHost = a", "[pg] /usr/sbin/pppd → a:1 (tls, certificate from ca.pem, for a)")]
    public void A_service_is_one_line_with_its_ends_and_what_is_verified(string options, string expected)
    {
        Assert.Equal(expected, ServiceLine.Of(Service(options), ["here"]));
    }

    [Fact]
    public void A_service_that_a_name_chooses_says_whose_port_it_is_behind()
    {
        StunnelService service = StunnelFile.Parse($"[main]\n{Server}connect = 1\n[other]\nsni = main:*.foo\nconnect = 2\ncert = s.pem\n", "f").Services[1];

        Assert.Equal("[other] *.foo at [main] (tls, clients not verified) → localhost:2", ServiceLine.Of(service, []));
    }

    [Fact]
    public void Only_a_client_that_verifies_nothing_is_a_danger()
    {
        Assert.Null(ServiceLine.Danger(Service(Server + "connect = 5432")));
        Assert.Null(ServiceLine.Danger(Service(Client + Verified + "connect = a:1")));
        Assert.StartsWith("WARNING: [pg] does not verify the server", ServiceLine.Danger(Service(Client + "connect = a:1\nAditInsecure = yes")), StringComparison.Ordinal);
    }

    private static StunnelService Service(string options) => StunnelFile.Parse($"[pg]\n{options}\n", "f").Services[0];
}
