using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Adit.Interop.Tests.Peers;
using Adit.Stunnel;
using Adit.Tests.Shared.Certificates;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>
/// Which option files are good, asked of stunnel itself. In a file here <c>|</c> ends a line, <c>PEM</c> is a certificate with its key, and
/// a section that no program takes comes last: how far stunnel gets says what it thinks of the rest, before it listens anywhere.
/// </summary>
public sealed partial class StunnelOptionTests(ITestOutputHelper output) : PeerTest(output)
{
    private const string Above = "foreground = yes|pid =|";
    private const string Server = Above + "cert = PEM|CAfile = PEM|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2|";
    private const string Client = Above + "client = yes|CAfile = PEM|verifyPeer = yes|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2|";
    private const string Last = "|[last]|no-such-option = 1|";

    private static readonly Lazy<string> Folder = new(MakeFolder);

    [Theory]
    [InlineData(Server)]
    [InlineData(Client)]
    [InlineData("; comment|  # comment||\t|" + Server)]
    [InlineData("\uFEFF" + Server)]
    [InlineData(Above + "CERT=PEM|  [s s]  |AcCePt=127.0.0.1:1|cOnNeCt  \t=\t 127.0.0.1:2")]
    [InlineData(Above + "cert = PEM|[s]|accept = 127.0.0.1:1|accept = 127.0.0.1:3|connect = 127.0.0.1:2|connect = ::1:2")]
    [InlineData(Above + "cert = PEM|[s]|accept = /tmp/no-such-folder/s.sock|connect = /tmp/no-such-folder/t.sock")]
    [InlineData(Above + "cert = PEM|[s]|accept = 127.0.0.1:1|connect = postgresql")]
    [InlineData(Above + "cert = PEM|[s]|accept = 127.0.0.1:1|exec = /bin/cat|execArgs = cat -u|pty = yes")]
    [InlineData(Above + "cert = PEM|[s]|connect = 127.0.0.1:1|exec = /bin/cat|retry = yes")]
    [InlineData(Above + "cert = PEM|[s]|accept = 127.0.0.1:1|protocol = socks")]
    [InlineData(Above + "cert = PEM|connect = 127.0.0.1:2")]
    [InlineData(Above + "cert = PEM|service = x|exec = /bin/cat")]
    [InlineData(Above + "cert = PEM|[a]|accept = 127.0.0.1:1|connect = 127.0.0.1:2|[b]|sni = a:*.example.com|connect = 127.0.0.1:3")]
    [InlineData("debug = daemon.info|" + Server + "debug = 3")]
    [InlineData("debug = LOCAL0.Notice|log = append|syslog = no|fips = no|RNDbytes = 64|RNDoverwrite = yes|" + Server)]
    [InlineData(Server + "client = no|delay = yes|failover = rr|reset = no|local = 127.0.0.1|session = 5|sessionCacheSize = 9|sessionResume = no")]
    [InlineData(Server + "TIMEOUTbusy = 1|TIMEOUTclose = 0|TIMEOUTconnect = 1|TIMEOUTidle = 1")]
    [InlineData(Server + "verify = 0|verify = 1|verify = 2|verify = 3|verify = 4")]
    [InlineData(Server + "verifyChain = yes|checkHost = a|checkHost = b|checkIP = 127.0.0.1|checkEmail = a@b|requireCert = no")]
    [InlineData(Server + "verifyPeer = yes|redirect = 127.0.0.1:3")]
    [InlineData(Server + "verifyChain = yes|OCSP = http://127.0.0.1/|OCSPaia = yes|OCSPnonce = yes|OCSPflag = NOCERTS")]
    [InlineData(Server + "sslVersion = TLSv1.2|sslVersionMin = tlsv1.2|sslVersionMax = ALL|options = NO_SSLv3|options = -LEGACY_SERVER_CONNECT")]
    [InlineData(Server + "ciphers = HIGH:!aNULL|ciphersuites = TLS_AES_256_GCM_SHA384|curves = P-256|securityLevel = 2")]
    [InlineData(Server + "curve = P-256|renegotiation = no|logId = unique|stack = 65536|libwrap = no|transparent = no")]
    [InlineData(Server + "socket = l:TCP_NODELAY=1|socket = r:SO_LINGER=1:60|socket = a:SO_REUSEADDR=no")]
    [InlineData(Server + "ticketKeySecret = 00112233445566778899aabbccddeeff|ticketMacSecret = 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff")]
    [InlineData(Server + "protocol = pgsql")]
    [InlineData(Server + "protocol = proxy")]
    [InlineData(Client + "protocol = SMTP|protocolHost = h|protocolAuthentication = login")]
    [InlineData(Client + "protocol = connect|protocolHost = h:1|protocolDomain = d")]
    [InlineData(Client + "protocol = ldap")]
    [InlineData(Client + "protocol = nntp")]
    [InlineData(Client + "sni = ")]
    [InlineData(Client + "sni = db.example.com")]
    public Task A_file_that_stunnel_takes_is_taken(string text) => CompareAsync(text, stunnel: true, adit: true);

    [Theory]
    [InlineData(Server + "connect")]
    [InlineData(Server + "[t")]
    [InlineData(Server + "no-such-option = 1")]
    [InlineData(Server + "foreground = yes")]
    [InlineData(Server + "pid = /tmp/x")]
    [InlineData(Server + "syslog = no")]
    [InlineData("syslog = 1|" + Server)]
    [InlineData("log = never|" + Server)]
    [InlineData("debug = loud|" + Server)]
    [InlineData("debug = 8|" + Server)]
    [InlineData("debug = moon.info|" + Server)]
    [InlineData("fips = perhaps|" + Server)]
    [InlineData("RNDoverwrite = 7|" + Server)]
    [InlineData(Server + "client = 1")]
    [InlineData(Server + "delay = true")]
    [InlineData(Server + "failover = random")]
    [InlineData(Server + "retry = soon")]
    [InlineData(Server + "reset = 0")]
    [InlineData(Server + "verify = 5")]
    [InlineData(Server + "verify = two")]
    [InlineData(Server + "verifyChain = 1")]
    [InlineData(Server + "OCSPflag = NOTHING")]
    [InlineData(Server + "OCSPaia = 1")]
    [InlineData(Server + "sslVersion = TLSv1.4")]
    [InlineData(Server + "sslVersionMin = 1.2")]
    [InlineData(Server + "securityLevel = 6")]
    [InlineData(Server + "options = NO_TLSv1_4")]
    [InlineData(Server + "socket = x:SO_LINGER=1")]
    [InlineData(Server + "socket = l:SO_LINGERING=1")]
    [InlineData(Server + "socket = l:TCP_NODELAY")]
    [InlineData(Server + "socket = l:TCP_NODELAY=maybe")]
    [InlineData(Server + "session = long")]
    [InlineData(Server + "sessionCacheSize = many")]
    [InlineData(Server + "TIMEOUTidle = 5m")]
    [InlineData(Server + "TIMEOUTbusy =")]
    [InlineData(Server + "ticketKeySecret = 00")]
    [InlineData(Server + "transparent = perhaps")]
    [InlineData(Server + "logId = name")]
    [InlineData(Server + "libwrap = 1")]
    [InlineData(Server + "include = /no/such/folder")]
    [InlineData(Above + "cert = PEM|[s]|accept = no-such-service|connect = 127.0.0.1:2")]
    [InlineData(Above + "cert = PEM|[s]|accept = :1|connect = 127.0.0.1:2")]
    [InlineData("compression = deflate|" + Server)]
    [InlineData(Server + "protocol = gopher")]
    [InlineData(Server + "protocol = nntp")]
    [InlineData(Server + "protocol = ldap")]
    [InlineData(Server + "exec = /bin/cat")]
    [InlineData(Server + "protocol = socks")]
    [InlineData(Server + "checkHost = h")]
    [InlineData(Server + "checkIP = 127.0.0.1")]
    [InlineData(Server + "checkEmail = a@b")]
    [InlineData(Server + "CAfile =|verifyChain = yes")]
    [InlineData(Server + "CAfile =|verify = 2")]
    [InlineData(Server + "redirect = 127.0.0.1:3")]
    [InlineData(Server + "verifyPeer = yes|protocol = smtp|redirect = 127.0.0.1:3")]
    [InlineData(Server + "sslVersionMin = TLSv1.3|sslVersionMax = TLSv1.2")]
    [InlineData(Client + "redirect = 127.0.0.1:3")]
    [InlineData(Client + "protocol = proxy")]
    [InlineData(Above + "[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData(Above + "cert = PEM|[s]|accept = 127.0.0.1:1")]
    [InlineData(Above + "cert = PEM|[s]|connect = 127.0.0.1:1")]
    [InlineData(Above + "cert = PEM|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData(Above + "cert = PEM|connect = 127.0.0.1:2|exec = /bin/cat")]
    [InlineData(Above + "cert = PEM")]
    [InlineData("output = s.log|pid =|cert = PEM|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData("pid = s.pid|cert = PEM|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData(Server + "[b]|sni = s|connect = 127.0.0.1:3")]
    [InlineData(Server + "[b]|sni = z:x|connect = 127.0.0.1:3")]
    [InlineData(Client + "[b]|client = no|cert = PEM|sni = s:x|connect = 127.0.0.1:3")]
    public Task A_file_that_stunnel_refuses_is_refused_at_the_same_line(string text) => CompareAsync(text, stunnel: false, adit: false);

    /// <summary>Where Adit differs and means to, each with the reason.</summary>
    [Theory]
    [InlineData("a client that verifies nothing has to say so", Above + "client = yes|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData("a client that verifies nothing has to say so", Client + "verify = 0")]
    [InlineData("TLS before 1.2 is not safe", Server + "sslVersionMin = TLSv1")]
    [InlineData("TLS before 1.2 is not safe", Server + "options = -NO_SSLv3")]
    [InlineData("weaker than Adit ever is", Server + "securityLevel = 1")]
    [InlineData("weaker than Adit ever is", Server + "ciphers = HIGH:aNULL")]
    [InlineData("weaker than Adit ever is", Server + "options = ALLOW_UNSAFE_LEGACY_RENEGOTIATION")]
    [InlineData("stricter than Adit can be", Server + "securityLevel = 3")]
    [InlineData("the system confines processes", "chroot = /|" + Server)]
    [InlineData("Adit does not change its user", "setuid = 0|" + Server)]
    [InlineData("Adit does not change its user", "setgid = 0|" + Server)]
    [InlineData("commands of a library that is not used that way", Server + "config = MinProtocol:TLSv1.2")]
    [InlineData("what it would check is not checked", Server + "libwrap = yes")]
    [InlineData("what it would check is not checked", Server + "ident = root")]
    [InlineData("what it would check is not checked", Server + "verifyChain = yes|OCSPflag = NOVERIFY")]
    [InlineData("who can connect would be more than was asked for", Server + "socket = a:SO_BINDTODEVICE=lo")]
    [InlineData("addresses of others are not taken on", Server + "transparent = source")]
    [InlineData("younger stunnels refuse it too", Server + "verifyPeer = yes|OCSP = http://127.0.0.1/")]
    [InlineData("younger stunnels refuse it too", Client + "protocol = connect")]
    [InlineData("a protocol that nobody speaks", Server + "protocol = cifs")]
    [InlineData("undocumented", Server + "protocol = connect")]
    [InlineData("nothing would move", Server + "TIMEOUTidle = 0")]
    [InlineData("nobody can wait less than no time", Server + "TIMEOUTidle = -1")]
    [InlineData("no limit", Server + "sessionCacheSize = 0")]
    [InlineData("stunnel leaves it out and says nothing", Server + "ciphersuites = TLS_AES_256_GCM_SHA384:TLS_NO_SUCH")]
    [InlineData("stunnel takes it for basic", Client + "protocol = connect|protocolHost = h:1|protocolAuthentication = magic")]
    [InlineData("NTLM rests on broken algorithms", Client + "protocol = connect|protocolHost = h:1|protocolAuthentication = ntlm")]
    [InlineData("the mail program logs in by itself", Client + "protocol = smtp|protocolUsername = u|protocolPassword = p")]
    [InlineData("the proxy would be sent a host without a port", Client + "protocol = connect|protocolHost = h")]
    [InlineData("stunnel looks the target up again for each connection, forever in vain", Server + "connect = no-such-service")]
    [InlineData("stunnel looks the target up again for each connection, forever in vain", Server + "connect = 127.0.0.1:2 ; the database")]
    [InlineData("an IP address that is none is never found in a certificate", Server + "verifyChain = yes|checkIP = example.com")]
    [InlineData("a service that leads nowhere", Above + "cert = PEM|[a]|accept = 127.0.0.1:1|connect = 127.0.0.1:2|[b]|accept = 127.0.0.1:3|sni = a:x")]
    public Task What_Adit_refuses_though_stunnel_takes_it(string reason, string text)
    {
        Assert.NotEmpty(reason);
        return CompareAsync(text, stunnel: true, adit: false);
    }

    /// <summary>As above, the other way round.</summary>
    [Theory]
    [InlineData("Adit's own word", Server + "AditAdmit = same-user|AditMaxConnections = 5|AditAlpn = postgresql")]
    [InlineData("Adit's own word", Above + "client = yes|AditInsecure = yes|[s]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    [InlineData("Adit's own word", Server + "protocol = pgsql|AditPlaintext = yes")]
    [InlineData("for Windows, and in the same file", "taskbar = no|" + Server)]
    [InlineData("younger than this stunnel", "setEnv = A=B|" + Server)]
    [InlineData("younger than this stunnel", Server + "verifyChain = yes|OCSPaia = yes|OCSPrequire = no")]
    [InlineData("younger than this stunnel", Above + "cert = PEM|[s]|connect = 127.0.0.1:1|exec = /bin/cat|retry = 10")]
    [InlineData("as everywhere else", Above + "cert = PEM|[s]|accept = [::1]:1|connect = 127.0.0.1:2")]
    [InlineData("the order of sections is of no importance", Above + "cert = PEM|[b]|sni = a:x|connect = 127.0.0.1:3|[a]|accept = 127.0.0.1:1|connect = 127.0.0.1:2")]
    public Task What_Adit_takes_though_stunnel_refuses_it(string reason, string text)
    {
        Assert.NotEmpty(reason);
        return CompareAsync(text, stunnel: false, adit: true);
    }

    private static string MakeFolder()
    {
        string folder = RunFolder.Create("stunnel-options");
        using X509Certificate2 certificate = TestAuthority.SelfSigned("CN=localhost");
        CertificatePem.WriteSecret(Path.Combine(folder, "pem"), certificate.KeyPem + certificate.Pem);
        return folder;
    }

    [GeneratedRegex(@"\.conf:(?<line>\d+):", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Place();

    private async Task CompareAsync(string text, bool stunnel, bool adit)
    {
        string file = Path.Combine(Folder.Value, $"{Guid.NewGuid():n}.conf");
        string lines = text.Replace("PEM", Path.Combine(Folder.Value, "pem"), StringComparison.Ordinal).Replace('|', '\n');
        bool isInetd = !text.Contains('[', StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, lines + (isInetd ? "\n" : Last.Replace('|', '\n')));

        ChildProcess peer = Own(await ChildProcess.StartAsync(new("stunnel4", file)));
        peer.Input.Close();
        await peer.ExitAsync();
        string said = peer.Error.Text;
        string place = Place().Match(said).Groups["line"].Value;
        int lastLine = lines.Count(c => c == '\n') + 3;
        bool taken = isInetd ? said.Contains("Configuration successful", StringComparison.Ordinal) : place == lastLine.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (!taken)
            Assert.Contains("Configuration failed", said, StringComparison.Ordinal);

        StunnelException? refused = null;
        try
        {
            Assert.NotEmpty(StunnelFile.Parse(lines, file).Services);
        }
        catch (StunnelException e)
        {
            refused = e;
        }

        Assert.Equal((stunnel, adit, (string?)null), (taken, refused is null, adit ? refused?.Message : null));
        if (!taken && refused is not null && place.Length > 0)
            Assert.Equal($"{file}:{place}", refused.Place.ToString());
    }
}
