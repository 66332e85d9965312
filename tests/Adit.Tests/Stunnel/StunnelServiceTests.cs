using Adit.Stunnel;

namespace Adit.Tests.Stunnel;

/// <summary>What the options of a section mean together.</summary>
public sealed class StunnelServiceTests
{
    private const string Client = "client = yes|[s]|accept = 1|connect = 2|";
    private const string Server = "cert = /c.pem|[s]|accept = 1|connect = 2|";

    [Theory]
    [InlineData("no", "5432", "*:5432")]
    [InlineData("yes", "5432", "localhost:5432")]
    [InlineData("no", "127.0.0.1:5432", "127.0.0.1:5432")]
    [InlineData("yes", "0.0.0.0:5432", "0.0.0.0:5432")]
    [InlineData("yes", ":::5432", "[::]:5432")]
    [InlineData("yes", "::1:5432", "[::1]:5432")]
    [InlineData("yes", "[::1]:5432", "[::1]:5432")]
    [InlineData("yes", "*:5432", "*:5432")]
    [InlineData("no", "localhost:5432", "localhost:5432")]
    [InlineData("yes", "0", "localhost:0")]
    [InlineData("yes", "/run/pg.sock", "/run/pg.sock")]
    [InlineData("no", "/run/pg.sock", "/run/pg.sock")]
    [Trait("Surface", "S3-13")]
    public void A_port_alone_is_loopback_for_a_client_and_everything_for_a_server(string client, string accept, string expected)
    {
        // The role may come behind the port.
        StunnelService service = StunnelText.Service($"[s]|accept = {accept}|connect = 2|client = {client}|cert = /c|CAfile = /ca|verifyPeer = yes");
        Assert.Equal(expected, Assert.Single(service.Accept).ToString());
        Assert.Equal(expected[0] == '/', Assert.Single(service.Accept).Path is not null);
    }

    [Fact]
    [Trait("Surface", "S3-13")]
    public void A_client_that_verifies_nothing_is_an_error_that_says_what_to_write()
    {
        const string error = "[s] would speak with any server whatever; write verifyChain = yes, CAfile = FILE and checkHost = NAME, or verifyPeer = yes";
        Assert.StartsWith($"f:2: {error}", StunnelText.Error(Client), StringComparison.Ordinal);
        Assert.StartsWith($"f:2: {error}", StunnelText.Error($"{Client}verify = 0"), StringComparison.Ordinal);
        Assert.StartsWith($"f:2: {error}", StunnelText.Error($"{Client}requireCert = yes|CAfile = /ca"), StringComparison.Ordinal);
        Assert.StartsWith($"f:2: {error}", StunnelText.Error($"{Client}AditInsecure = no"), StringComparison.Ordinal);
        Assert.StartsWith("f: the service would speak with any server", StunnelText.Error("client = yes|connect = h:1"), StringComparison.Ordinal);
        Assert.True(StunnelText.Service($"{Client}AditInsecure = yes").IsInsecure);
    }

    [Theory]
    [InlineData("verifyPeer = yes")]
    [InlineData("verifyChain = yes|checkHost = db.example.com")]
    [InlineData("verify = 4")]
    public void A_client_that_verifies_the_server_starts_in_silence(string verification)
    {
        StunnelConfiguration configuration = StunnelText.Parse($"{Client}CAfile = /ca|{verification}");
        Assert.False(configuration.Services[0].IsInsecure);
        Assert.Empty(configuration.Warnings);
    }

    [Theory]
    [InlineData("verifyChain = yes")]
    [InlineData("verify = 2")]
    public void A_client_that_takes_every_certificate_of_a_CA_is_warned_of(string verification) =>
        Assert.Equal(
            "f:6: [s] takes any server with a certificate of those in CAfile or CApath; write checkHost = NAME for one alone",
            Assert.Single(StunnelText.Parse($"{Client}CAfile = /ca|{verification}").Warnings));

    [Theory]
    [InlineData("requireCert = yes", "f:5: [s] lets in whoever has any certificate; write verifyChain = yes or verifyPeer = yes")]
    [InlineData("CRLfile = /x", "f:5: revocation lists have no effect without verifyChain = yes or verifyPeer = yes")]
    [InlineData("CRLpath = /x", "f:5: revocation lists have no effect without verifyChain = yes or verifyPeer = yes")]
    [InlineData("retry = yes", "f:5: retry has no effect: it is for services that connect an exec with a connect")]
    public void What_looks_like_more_than_it_is_is_warned_of(string text, string warning) =>
        Assert.Equal(warning, Assert.Single(StunnelText.Parse(Server + text).Warnings));

    [Theory]
    [InlineData(Server, "checkHost = h", "f:5: checkHost compares what is verified; write verifyChain = yes or verifyPeer = yes")]
    [InlineData(Server, "checkIP = 192.0.2.1|requireCert = yes", "f:5: checkIP compares what is verified; write verifyChain = yes or verifyPeer = yes")]
    [InlineData(Client, "checkEmail = a@b|AditInsecure = yes", "f:5: checkEmail compares what is verified; write verifyChain = yes or verifyPeer = yes")]
    [InlineData(Client, "CAfile = /ca|checkHost = h", "f:6: checkHost compares what is verified; write verifyChain = yes or verifyPeer = yes")]
    [InlineData(Client, "verifyChain = yes", "f:5: [s] verifies, but trusts nobody; write CAfile = FILE or CApath = FOLDER (-A or -a)")]
    [InlineData(Server, "verifyPeer = yes", "f:5: [s] verifies, but trusts nobody; write CAfile = FILE or CApath = FOLDER (-A or -a)")]
    [InlineData(Server, "verify = 2", "f:5: [s] verifies, but trusts nobody; write CAfile = FILE or CApath = FOLDER (-A or -a)")]
    [InlineData(Server, "OCSPaia = yes", "f:5: OCSP needs verifyChain = yes")]
    [InlineData(Server, "CAfile = /ca|verifyPeer = yes|OCSP = http://o/", "f:7: OCSP needs verifyChain = yes")]
    [InlineData("[s]|accept = 1|connect = 2|", "", "f:1: [s] is a server without a certificate; write cert = FILE (adit cert makes one), or client = yes")]
    [InlineData(Client, "AditInsecure = yes|key = /k", "f:6: a key without a certificate; write cert = FILE")]
    [InlineData("cert = /c|[s]|accept = 1|", "", "f:2: [s] leads nowhere; write connect = HOST:PORT or exec = PROGRAM")]
    [InlineData("cert = /c|[s]|connect = 1|", "", "f:2: [s] is asked by nobody; write accept = PORT")]
    [InlineData(Server, "exec = /bin/cat", "f:5: [s] has accept, connect and exec; a service connects two of them")]
    [InlineData(Server, "protocol = socks", "f:5: [s] has accept, connect and protocol = socks; a service connects two of them")]
    [InlineData("cert = /c|accept = 1|connect = 2", "", "f:2: accept belongs to a service; write [NAME] above it (without a section, inetd gives the connection)")]
    [InlineData("cert = /c|connect = 2|exec = /bin/cat", "", "f:3: the service has connect and exec; a service connects inetd's connection with one of them")]
    [InlineData("", "", "f: there is no service; write [NAME] with accept and connect below it")]
    [InlineData("output = s.log|", Server, "f:1: output = \"s.log\": write the full path, or foreground = yes")]
    [InlineData("pid = s.pid|", Server, "f:1: pid = \"s.pid\": write the full path, or foreground = yes")]
    [InlineData(Client, "AditInsecure = yes|protocol = proxy", "f:6: protocol = proxy is for servers; they tell their target who connects")]
    [InlineData(Server, "protocol = connect", "f:5: protocol = connect is for clients; write client = yes")]
    [InlineData(Server, "protocol = nntp", "f:5: protocol = nntp is for clients; write client = yes")]
    [InlineData(Server, "protocol = ldap", "f:5: protocol = ldap is for clients; write client = yes")]
    [InlineData(Client, "AditInsecure = yes|protocol = connect", "f:6: protocol = connect needs protocolHost = HOST:PORT, where the proxy is to connect to")]
    [InlineData(Client, "AditInsecure = yes|protocol = connect|protocolHost = h", "f:7: protocolHost = \"h\": write HOST:PORT")]
    [InlineData(Client, "AditInsecure = yes|protocol = smtp|protocolAuthentication = basic", "f:7: protocolAuthentication is basic with protocol = connect, plain or login with protocol = smtp")]
    [InlineData(Server, "AditPlaintext = yes", "f:5: AditPlaintext is for servers with protocol = pgsql")]
    [InlineData(Client, "AditInsecure = yes|protocol = pgsql|AditPlaintext = yes", "f:7: AditPlaintext is for servers with protocol = pgsql")]
    [InlineData(Client, "AditInsecure = yes|redirect = 1", "f:6: redirect is for servers")]
    [InlineData("cert = /c.pem|CAfile = /ca|[s]|accept = 1|", "verifyChain = yes|protocol = socks|redirect = 1", "f:7: redirect does not go with protocol = socks, whose clients say where they go")]
    [InlineData(Server, "CAfile = /ca|verifyPeer = yes|CRLfile = /x", "f:7: a list of revoked certificates needs verifyChain = yes: it is its authority that takes a certificate back")]
    [InlineData(Server, "redirect = 1", "f:5: redirect needs verifyChain = yes or verifyPeer = yes")]
    [InlineData(Server, "protocol = smtp|redirect = 1", "f:6: redirect does not go with protocol = smtp, which connects to the target before it knows the client")]
    [InlineData(Server, "sslVersionMin = TLSv1.3|sslVersionMax = TLSv1.2", "f:6: [s] is left without a version of TLS")]
    [InlineData(Server, "options = NO_TLSv1_2|options = NO_TLSv1_3", "f:6: [s] is left without a version of TLS")]
    [InlineData(Server, "options = NO_TLSv1_3|sslVersion = TLSv1.3", "f:5: [s] is left without a version of TLS")]
    public void What_does_not_fit_together_is_an_error_with_its_place(string above, string text, string error) =>
        Assert.Equal(error, StunnelText.Error(above + text));

    [Fact]
    public void An_exec_and_a_connect_are_a_service_that_nobody_has_to_ask() =>
        Assert.Empty(StunnelText.Service("client = yes|AditInsecure = yes|[s]|exec = /bin/cat|connect = h:1|retry = yes").Accept);

    [Fact]
    public void A_service_can_take_over_for_a_name_asked_of_another()
    {
        StunnelConfiguration configuration = StunnelText.Parse(
            "cert = /c|[a]|accept = 1|connect = 2|[b]|sni = a:*.example.com|sni = a:example.com|connect = 3|[c]|sni = a:c|exec = /bin/cat");
        Assert.Empty(configuration.Services[0].VirtualHosts);
        Assert.Equal([new VirtualHost("a", "*.example.com"), new("a", "example.com")], configuration.Services[1].VirtualHosts.AsEnumerable());
        Assert.Equal([new VirtualHost("a", "c")], configuration.Services[2].VirtualHosts.AsEnumerable());
    }

    [Theory]
    [InlineData("a", "write SERVICE:PATTERN")]
    [InlineData("a:", "write SERVICE:PATTERN")]
    [InlineData("z:x", "there is no section [z]")]
    [InlineData("c:x", "[c] is a client")]
    [InlineData("b:x", "[b] has no accept")]
    public void A_name_asked_of_a_service_that_cannot_be_asked_is_an_error(string sni, string error) =>
        Assert.StartsWith(
            $"f:5: [b]: sni = \"{sni}\": {error}",
            StunnelText.Error($"cert = /c|[a]|accept = 1|connect = 2|[b]|sni = {sni}|connect = 3|[c]|client = yes|AditInsecure = yes|accept = 4|connect = 5"),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("connect = 2", "localhost")]
    [InlineData("connect = /run/s.sock", "localhost")]
    [InlineData("connect = a:1|connect = b:2", "a")]
    [InlineData("connect = p:1|protocol = connect|protocolHost = t.example:443", "t.example")]
    [InlineData("connect = p:1|protocol = smtp|protocolHost = me.example", "p")]
    [InlineData("connect = p:1|sni = s", "s")]
    [InlineData("connect = p:1|sni =", null)]
    public void The_name_sent_to_a_server_is_that_of_the_first_target_unless_said_otherwise(string text, string? name) =>
        Assert.Equal(name, StunnelText.Service($"client = yes|AditInsecure = yes|[s]|accept = 1|{text}").ServerName);
}
