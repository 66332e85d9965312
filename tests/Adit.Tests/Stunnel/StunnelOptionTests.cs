using System.Reflection;
using Adit.Stunnel;

namespace Adit.Tests.Stunnel;

/// <summary>What becomes of each option. <see cref="Every_option_is_in_one_of_these_tables"/> keeps the tables complete.</summary>
public sealed class StunnelOptionTests
{
    private const string Server = "cert = /c.pem|CAfile = /ca.pem|[s]|accept = 1|connect = 2|";
    private const string ForExec = "cert = /c.pem|[s]|accept = 1|";
    private const string Client = "client = yes|CAfile = /ca.pem|verifyPeer = yes|[s]|accept = 1|connect = db.example.com:2|";

    [Theory]
    [InlineData("debug = info", "Debug=Info")]
    [InlineData("debug = 7", "Debug=Debug")]
    [InlineData("debug = LOCAL3.Warning", "Debug=Warning", "Facility=local3")]
    [InlineData("foreground = yes", "Foreground=Yes")]
    [InlineData("foreground = quiet", "Foreground=Quiet")]
    [InlineData("foreground = no", "Foreground=No")]
    [InlineData("log = overwrite", "OverwritesLog=True")]
    [InlineData("log = append", "OverwritesLog=False")]
    [InlineData("output = /var/log/s.log", "Output=/var/log/s.log")]
    [InlineData("foreground = yes|output = s.log", "Output=s.log")]
    [InlineData("output = /a|output =", "Output=none")]
    [InlineData("pid = /run/s.pid", "PidFile=/run/s.pid")]
    [InlineData("pid =", "PidFile=none")]
    [InlineData("service = db", "ServiceName=db")]
    [InlineData("setEnv = A=1=2|setEnv = B=|setEnv = C", "Environment=[A=1=2,B=none,C=none]")]
    [InlineData("syslog = no", "UsesSyslog=False")]
    [InlineData("", "Debug=Notice", "Facility=daemon", "Foreground=No", "Output=none", "PidFile=none", "ServiceName=stunnel", "UsesSyslog=True")]
    public void What_holds_for_the_process_is_taken(string text, params string[] expected)
    {
        StunnelConfiguration configuration = StunnelText.Parse($"{text}|{Server}");
        Assert.Equal(expected, expected.Select(wanted => StunnelText.Show(configuration.Global, wanted.Split('=')[0])));
        Assert.Empty(configuration.Warnings);
    }

    [Theory]
    [InlineData(Server, "accept = 5|accept = h:6", "Accept=[*:1,*:5,h:6]")]
    [InlineData(Server, "connect = 5|connect = [::1]:6", "Connect=[localhost:2,localhost:5,[::1]:6]")]
    [InlineData(Server, "client = no", "IsClient=False")]
    [InlineData(Client, "", "IsClient=True")]
    [InlineData(Server, "delay = yes", "Delay=True")]
    [InlineData(Server, "failover = RR", "Failover=RoundRobin")]
    [InlineData(Server, "failover = prio", "Failover=Priority")]
    [InlineData(Server, "failover = rr|delay = yes", "Failover=Priority")]
    [InlineData(ForExec, "exec = /bin/cat", "Exec=/bin/cat", "ExecArgs=[/bin/cat]")]
    [InlineData(ForExec, "exec = /bin/cat|execArgs = cat  -u\t-", "ExecArgs=[cat,-u,-]")]
    [InlineData(ForExec, "exec = /bin/cat|pty = yes", "Pty=True")]
    [InlineData(Server, "local = 192.0.2.7", "Local=192.0.2.7")]
    [InlineData(Server, "verifyPeer = yes|redirect = 9|redirect = h:10", "Redirect=[localhost:9,h:10]")]
    [InlineData(Server, "reset = no", "Reset=False")]
    [InlineData("cert = /c.pem|[s]|connect = 1|exec = /bin/cat|", "retry = yes", "Retry=00:00:01")]
    [InlineData("cert = /c.pem|[s]|connect = 1|exec = /bin/cat|", "retry = 250", "Retry=00:00:00.2500000")]
    [InlineData("cert = /c.pem|[s]|connect = 1|exec = /bin/cat|", "retry = no", "Retry=none")]
    [InlineData(Server, "service = other", "Name=other")]
    [InlineData(Server, "protocol = PgSQL", "Protocol=PgSql")]
    [InlineData(Server, "protocol = imap", "Protocol=Imap")]
    [InlineData(Server, "protocol = pop3", "Protocol=Pop3")]
    [InlineData(Server, "protocol = proxy", "Protocol=Proxy")]
    [InlineData(Server, "protocol = smtp", "Protocol=Smtp")]
    [InlineData(Client, "protocol = ldap", "Protocol=Ldap")]
    [InlineData(Client, "protocol = nntp", "Protocol=Nntp")]
    [InlineData(Client, "protocol = socks", "Protocol=Socks")]
    [InlineData(ForExec, "protocol = socks", "Protocol=Socks")]
    [InlineData(Client, "protocol = connect|protocolHost = h:443|protocolUsername = u|protocolPassword = p|protocolHeader = X: y|protocolAuthentication = basic",
        "ProtocolTarget=h:443", "ProtocolHost=h:443", "ProtocolUsername=u", "ProtocolPassword=p", "ProtocolHeader=X: y",
        "ProtocolAuthentication=Basic", "ServerName=h")]
    [InlineData(Client, "protocol = smtp|protocolHost = me.example|protocolAuthentication = LOGIN", "ProtocolHost=me.example", "ProtocolAuthentication=Login", "ProtocolTarget=none")]
    [InlineData(Client, "protocol = smtp|protocolAuthentication = plain", "ProtocolAuthentication=Plain")]
    [InlineData(Server, "CAfile = /a|CAfile = /b|CApath = /d", "CaFile=/b", "CaPath=/d")]
    [InlineData(Server, "CAfile =", "CaFile=none")]
    [InlineData(Server, "cert = /x|key = /k", "Certificate=/x", "Key=/k")]
    [InlineData(Server, "", "Certificate=/c.pem", "Key=/c.pem")]
    [InlineData(Client, "checkHost = a|checkHost = b|checkIP = 192.0.2.1|checkEmail = a@b", "CheckHosts=[a,b]", "CheckIps=[192.0.2.1]", "CheckEmails=[a@b]")]
    [InlineData(Server, "verifyChain = yes|CRLfile = /crl|CRLpath = /crls", "CrlFile=/crl", "CrlPath=/crls")]
    [InlineData(Client, "verifyChain = yes|OCSP = http://o.example/|OCSPaia = yes|OCSPnonce = yes|OCSPrequire = no",
        "OcspResponder=http://o.example/", "OcspFromCertificate=True", "OcspNonce=True", "OcspRequire=False")]
    [InlineData(Server, "verifyChain = yes", "VerifyChain=True", "RequestCert=True", "RequireCert=True", "VerifyPeer=False")]
    [InlineData(Server, "verifyPeer = yes", "VerifyPeer=True", "RequestCert=True", "RequireCert=True", "VerifyChain=False")]
    [InlineData(Server, "verifyChain = yes|requireCert = no", "VerifyChain=True", "RequestCert=True", "RequireCert=False")]
    [InlineData(Server, "requireCert = no|verifyChain = yes", "RequireCert=True")]
    [InlineData(Server, "verify = 0", "VerifyChain=False", "VerifyPeer=False", "RequestCert=True", "RequireCert=False")]
    [InlineData(Server, "verify = 1", "VerifyChain=True", "VerifyPeer=False", "RequestCert=True", "RequireCert=False")]
    [InlineData(Server, "verify = 2", "VerifyChain=True", "VerifyPeer=False", "RequestCert=True", "RequireCert=True")]
    [InlineData(Server, "verify = 3", "VerifyChain=True", "VerifyPeer=True", "RequestCert=True", "RequireCert=True")]
    [InlineData(Server, "verify = 4", "VerifyChain=False", "VerifyPeer=True", "RequestCert=True", "RequireCert=True")]
    [InlineData(Server, "ciphers = HIGH:!aNULL:!RC4:-MD5", "Ciphers=HIGH:!aNULL:!RC4:-MD5")]
    [InlineData(Server, "ciphers = @SECLEVEL=2:ECDHE-RSA-AES128-GCM-SHA256", "Ciphers=@SECLEVEL=2:ECDHE-RSA-AES128-GCM-SHA256")]
    [InlineData(Server, "ciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "CipherSuites=[TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256]")]
    [InlineData(Server, "options = NO_SSLv3|options = NO_COMPRESSION|options = -LEGACY_SERVER_CONNECT", "MinVersion=Tls12", "MaxVersion=Tls13", "SessionResume=True")]
    [InlineData(Server, "options = NO_TLSv1_2", "MinVersion=Tls13")]
    [InlineData(Server, "options = NO_TLSv1_3", "MaxVersion=Tls12")]
    [InlineData(Server, "options = NO_TLSv1_3|options = -NO_TLSv1_3", "MaxVersion=Tls13")]
    [InlineData(Server, "options = NO_TLSv1_2|options = -NO_TLSv1_2", "MinVersion=Tls12")]
    [InlineData(Server, "options = NO_TICKET", "SessionResume=False")]
    [InlineData(Server, "sessionResume = no", "SessionResume=False")]
    [InlineData(Client, "sni = a.example|sni = b.example", "ServerName=b.example")]
    [InlineData(Client, "sni =", "ServerName=none")]
    [InlineData(Client, "", "ServerName=db.example.com")]
    [InlineData(Server, "", "ServerName=none")]
    [InlineData(Server, "sslVersion = TLSv1.3", "MinVersion=Tls13", "MaxVersion=Tls13")]
    [InlineData(Server, "sslVersion = all", "MinVersion=Tls12", "MaxVersion=Tls13")]
    [InlineData(Server, "sslVersionMin = tlsv1.3", "MinVersion=Tls13")]
    [InlineData(Server, "sslVersionMin = all", "MinVersion=Tls12")]
    [InlineData(Server, "sslVersionMax = TLSv1.2", "MaxVersion=Tls12")]
    [InlineData(Server, "TIMEOUTbusy = 1|TIMEOUTclose = 0|TIMEOUTconnect = 3|TIMEOUTidle = 4|TIMEOUTocsp = 5",
        "TimeoutBusy=00:00:01", "TimeoutClose=00:00:00", "TimeoutConnect=00:00:03", "TimeoutIdle=00:00:04", "TimeoutOcsp=00:00:05")]
    [InlineData(Server, "", "TimeoutBusy=00:05:00", "TimeoutClose=00:01:00", "TimeoutConnect=00:00:10", "TimeoutIdle=12:00:00", "TimeoutOcsp=00:00:05",
        "SessionResume=True", "Reset=True", "Delay=False", "Failover=Priority", "OcspRequire=True",
        "MinVersion=Tls12", "MaxVersion=Tls13", "Debug=none", "VerifyChain=False", "VerifyPeer=False", "RequestCert=False", "Retry=none")]
    [InlineData(Server, "debug = 3", "Debug=Err")]
    [InlineData(Server, "AditAdmit = user:root or same-user", "Admit=user:root or same-user")]
    [InlineData(Server, "AditAlpn = postgresql, x , x", "Alpn=[postgresql,x]")]
    [InlineData(Client, "AditInsecure = yes", "AllowsInsecure=True", "IsInsecure=False")]
    [InlineData(Client, "verifyPeer = no|AditInsecure = yes", "AllowsInsecure=True", "IsInsecure=True")]
    [InlineData(Server, "AditMaxConnections = 5", "MaxConnections=5")]
    [InlineData(Server, "protocol = pgsql|AditPlaintext = yes", "AllowsPlaintext=True")]
    public void What_a_service_is_told_is_taken(string above, string text, params string[] expected)
    {
        StunnelConfiguration configuration = StunnelText.Parse(above + text);
        StunnelService service = Assert.Single(configuration.Services);
        Assert.Equal(expected, expected.Select(wanted => StunnelText.Show(service, wanted.Split('=')[0])));
        Assert.Empty(configuration.Warnings);
    }

    [Theory]
    [InlineData("curve = P-256", "curve is ignored: OpenSSL chooses the groups")]
    [InlineData("curves = X25519:P-256", "curves is ignored: OpenSSL chooses the groups")]
    [InlineData("session = 9", "session is ignored: sessions are kept")]
    [InlineData("sessionCacheSize = 10", "sessionCacheSize is ignored: sessions are kept")]
    [InlineData("sessionCacheTimeout = 9", "sessionCacheTimeout is ignored: sessions are kept")]
    [InlineData("protocolDomain = d", "protocolDomain is ignored: it is for NTLM")]
    [InlineData("EGD = /x", "EGD is ignored: random numbers come from the system")]
    [InlineData("iconActive = x", "iconActive is ignored")]
    [InlineData("iconError = x", "iconError is ignored")]
    [InlineData("iconIdle = x", "iconIdle is ignored")]
    [InlineData("logId = unique", "logId is ignored: connections are numbered")]
    [InlineData("options = ALL", "options is ignored: ALL has no effect")]
    [InlineData("OCSPflag = NOCERTS", "OCSPflag is ignored: NOCERTS is for responders")]
    [InlineData("renegotiation = yes", "renegotiation is ignored: no peer")]
    [InlineData("RNDbytes = 64", "RNDbytes is ignored")]
    [InlineData("RNDfile = /x", "RNDfile is ignored")]
    [InlineData("RNDoverwrite = no", "RNDoverwrite is ignored")]
    [InlineData("sessiond = h:1", "sessiond is ignored")]
    [InlineData("socket = l:SO_KEEPALIVE=1", "socket is ignored: sockets have the settings")]
    [InlineData("socket = r:SO_LINGER=1:60", "socket is ignored")]
    [InlineData("stack = 65536", "stack is ignored")]
    [InlineData("taskbar = no", "taskbar is ignored")]
    [InlineData("ticketKeySecret = 00112233445566778899aabbccddeeff", "ticketKeySecret is ignored: tickets")]
    [InlineData("ticketMacSecret = 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", "ticketMacSecret is ignored: tickets")]
    public void What_has_no_effect_is_said_once_with_its_place(string text, string warning) =>
        Assert.StartsWith($"f:1: {warning}", Assert.Single(StunnelText.Parse($"{text}|{text}|{Server}").Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData("fips = no")]
    [InlineData("libwrap = no")]
    [InlineData("options = -ALLOW_UNSAFE_LEGACY_RENEGOTIATION")]
    [InlineData("renegotiation = no")]
    [InlineData("securityLevel = 2")]
    [InlineData("socket = l:TCP_NODELAY=1")]
    [InlineData("socket = r:TCP_NODELAY=yes")]
    [InlineData("socket = a:SO_REUSEADDR=yes")]
    [InlineData("transparent = none")]
    public void What_is_so_anyway_is_taken_in_silence(string text) => Assert.Empty(StunnelText.Parse($"{text}|{Server}").Warnings);

    [Theory]
    [InlineData("CAengine = x")]
    [InlineData("CAstore = x")]
    [InlineData("cert = pkcs11:object=x")]
    [InlineData("key = pkcs11:object=x")]
    [InlineData("chroot = /x")]
    [InlineData("ciphers = HIGH:aNULL")]
    [InlineData("ciphers = DES-CBC3-SHA")]
    [InlineData("ciphers = HIGH:@SECLEVEL=0")]
    [InlineData("ciphers = DEFAULT@SECLEVEL=1")]
    [InlineData("compression = deflate")]
    [InlineData("config = MinProtocol:TLSv1")]
    [InlineData("engine = pkcs11")]
    [InlineData("engineCtrl = PIN:1")]
    [InlineData("engineDefault = ALL")]
    [InlineData("engineId = pkcs11")]
    [InlineData("engineNum = 1")]
    [InlineData("fips = yes")]
    [InlineData("ident = root")]
    [InlineData("libwrap = yes")]
    [InlineData("OCSPflag = NOVERIFY")]
    [InlineData("options = ALLOW_UNSAFE_LEGACY_RENEGOTIATION")]
    [InlineData("options = -NO_SSLv3")]
    [InlineData("protocol = cifs")]
    [InlineData("protocol = capwin")]
    [InlineData("protocolAuthentication = ntlm")]
    [InlineData("provider = x")]
    [InlineData("providerParameter = x:y=z")]
    [InlineData("PSKidentity = x")]
    [InlineData("PSKsecrets = /x")]
    [InlineData("securityLevel = 0")]
    [InlineData("securityLevel = 1")]
    [InlineData("securityLevel = 3")]
    [InlineData("setgid = nobody")]
    [InlineData("setuid = nobody")]
    [InlineData("socket = a:SO_BINDTODEVICE=lo")]
    [InlineData("sslVersion = TLSv1")]
    [InlineData("sslVersionMin = TLSv1.1")]
    [InlineData("sslVersionMax = SSLv3")]
    [InlineData("transparent = source")]
    [InlineData("transparent = yes")]
    public void What_would_be_less_safe_than_asked_for_is_refused_with_its_place(string text) =>
        Assert.StartsWith($"f:2: {text} is refused: ", StunnelText.Error($"; above|{text}|{Server}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("foreground = maybe", "write yes, quiet or no")]
    [InlineData("syslog = 1", "write yes or no")]
    [InlineData("debug = loud", "write a level")]
    [InlineData("debug = 8", "write a level")]
    [InlineData("debug = moon.info", "write a level")]
    [InlineData("accept = 65536", "a port is a number from 0 to 65535")]
    [InlineData("connect = 0", "a port is a number from 1 to 65535")]
    [InlineData("connect = :5432", "there is no host in front of the port")]
    [InlineData("connect = host:", "there is no port")]
    [InlineData("connect = 5432 ; the database", "(a comment stands on a line of its own)")]
    [InlineData("connect = no-such-service-anywhere", "neither a number nor a name of /etc/services")]
    [InlineData("connect = a b:1", "\"a b\" is not a host name or address")]
    [InlineData("connect = 1:2:3:4", "\"1:2:3\" is not an IPv6 address")]
    [InlineData("local = h:1", "without a port")]
    [InlineData("checkIP = example.com", "write an IP address")]
    [InlineData("RNDbytes = few", "write a number from 0")]
    [InlineData("RNDoverwrite = 7", "write yes or no")]
    [InlineData("taskbar = 7", "write yes or no")]
    [InlineData("stack = big", "write a number from 0")]
    [InlineData("logId = name", "write sequential, unique, thread or process")]
    [InlineData("retry = soon", "write yes, no or milliseconds")]
    [InlineData("setEnv = =x", "write NAME=VALUE")]
    [InlineData("protocol = gopher", "write connect, imap")]
    [InlineData("protocolAuthentication = magic", "write basic")]
    [InlineData("OCSP = ocsp.example.com", "write the address of a responder")]
    [InlineData("OCSP = https://ocsp.example.com/", "are fetched without TLS; write http://")]
    [InlineData("OCSPflag = NOTHING", "no such flag")]
    [InlineData("verify = 5", "write a number from 0 to 4")]
    [InlineData("securityLevel = 6", "write a number from 0 to 5")]
    [InlineData("ciphersuites = TLS_AES_256_GCM_SHA348", "the nearest known one is TLS_AES_256_GCM_SHA384")]
    [InlineData("curves = :", "write names with colons")]
    [InlineData("options = NO_TLSv1_4", "the nearest known one is NO_TLSv1_")]
    [InlineData("socket = x:SO_LINGER=1", "write a, l or r")]
    [InlineData("socket = l:SO_LINGER", "write a, l or r")]
    [InlineData("socket = l:SO_KEEPALIV=1", "the nearest known one is SO_KEEPALIVE")]
    [InlineData("socket = l:SO_RCVBUF=big", "write a, l or r")]
    [InlineData("sslVersion = TLSv1.4", "write all, TLSv1.2 or TLSv1.3")]
    [InlineData("sessionCacheSize = 0", "write a number from 1")]
    [InlineData("ticketKeySecret = 00", "32 or 64 hexadecimal digits")]
    [InlineData("TIMEOUTidle = 0", "write seconds, 1 to")]
    [InlineData("TIMEOUTidle = 5m", "write seconds")]
    [InlineData("TIMEOUTclose = -1", "write seconds, 0 to")]
    [InlineData("cert =", "there is no value")]
    [InlineData("transparent = perhaps", "write none")]
    [InlineData("AditAdmit = usr:root", "AditAdmit")]
    [InlineData("AditAlpn = a,,b", "write at most 16 names")]
    [InlineData("AditMaxConnections = 0", "write a number from 1")]
    public void A_value_that_cannot_be_right_is_named_with_what_to_write(string text, string expected)
    {
        string error = StunnelText.Error($"; above|{text}|{Server}");
        Assert.StartsWith("f:2: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("acept = 1", "unknown option \"acept\"; the nearest known one is accept")]
    [InlineData("verifychains = yes", "unknown option \"verifychains\"; the nearest known one is verifyChain")]
    [InlineData("inclde = /x", "unknown option \"inclde\"; the nearest known one is include")]
    [InlineData("AditInsecur = yes", "unknown option \"AditInsecur\"; the nearest known one is AditInsecure")]
    [InlineData("quux-frobnicate = 1", "unknown option \"quux-frobnicate\"")]
    public void An_unknown_option_is_an_error_that_names_the_nearest_known_one(string text, string error) =>
        Assert.Equal($"f:1: {error}", StunnelText.Error($"{text}|{Server}"));

    [Fact]
    public void Names_know_no_case() =>
        Assert.Equal("/x", StunnelText.Service("CERT = /c|[s]|AcCePt = 1|CONNECT = 2|cafILE = /x").CaFile);

    [Fact]
    public void What_holds_for_the_process_cannot_stand_in_a_section()
    {
        foreach (StunnelOption option in StunnelOptions.Table.Where(option => option.IsGlobal))
        {
            Assert.Equal(
                $"f:6: {option.Name} holds for the whole process; write it above the first [section]",
                StunnelText.Error($"{Server}{option.Name} = x"));
        }
    }

    [Fact]
    public void An_option_that_is_not_served_has_a_reason() =>
        Assert.All(StunnelOptions.Table, option => Assert.Equal(option.Treatment == OptionTreatment.Served, option.Reason.Length == 0));

    [Fact]
    public void Every_option_is_in_one_of_these_tables()
    {
        HashSet<string> tested = new(StringComparer.OrdinalIgnoreCase);
        foreach (InlineDataAttribute data in typeof(StunnelOptionTests).GetMethods().SelectMany(method => method.GetCustomAttributes<InlineDataAttribute>()))
        {
            foreach (string line in data.GetData(null!).Single().OfType<string>().SelectMany(text => text.Split('|')))
                tested.Add(line.Split('=')[0].Trim());
        }

        Assert.Empty(StunnelOptions.Table.Select(option => option.Name).Except(tested, StringComparer.OrdinalIgnoreCase));
    }
}
