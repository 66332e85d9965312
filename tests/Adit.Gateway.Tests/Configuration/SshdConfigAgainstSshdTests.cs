using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>Compares what is read in configuration files with what the real sshd says that it read in them.</summary>
public sealed class SshdConfigAgainstSshdTests : IAsyncLifetime
{
    /// <summary>Defaults that differ on purpose: compared where the file gives a value.</summary>
    private static readonly string[] OnlyWhenWritten = ["pidfile", "passwordauthentication", "kbdinteractiveauthentication", "rekeylimit"];

    /// <summary>Keywords that sshd prints only if they have a value.</summary>
    private static readonly string[] Lists = ["hostkey", "hostcertificate", "allowusers", "denyusers", "allowgroups", "denygroups"];

    private static readonly string[] Subjects =
    [
        "", "user=bob,host=c,addr=192.0.2.7,laddr=192.0.2.1,lport=22", "user=eve,host=c,addr=2001:db8::1,laddr=2001:db8::2,lport=2222",
        "user=root,host=c,addr=127.0.0.1,laddr=127.0.0.1,lport=22",
    ];

    private readonly ConfigFolder _folder = new();
    private string _hostKey = "";

    public static TheoryData<string, string> Files => new()
    {
        { "nothing", "" },
        { "first value wins", "MaxSessions 3\nMaxSessions 5\nmaxauthtries=2\nMaxAuthTries = 9\nBanner /etc/issue\nBanner none\n" },
        { "ports", "Port 2200\nPort 2201\nListenAddress 127.0.0.1\nListenAddress [::1]:9\nListenAddress ::1\nListenAddress 127.0.0.2:8\nListenAddress [127.0.0.3]:7\n" },
        { "ports after addresses", "ListenAddress 0.0.0.0\nPort 2200\n" },
        { "ports without addresses", "Port 2200\nPort 2201\nAddressFamily inet6\n" },
        { "IPv4 alone", "AddressFamily inet\n" },
        { "times", "LoginGraceTime 1m30\nClientAliveInterval 1h2M3s\nUnusedConnectionTimeout 1d\nClientAliveCountMax 0\nRekeyLimit 512M 1w\n" },
        { "zero times", "LoginGraceTime 0\nClientAliveInterval 0\nUnusedConnectionTimeout none\nRekeyLimit 1G none\n" },
        { "channel timeouts", "ChannelTimeout session=300 direct-*=5\nChannelTimeout none\n" },
        { "channel timeouts of sessions", "ChannelTimeout session:command=5 session:*=0 session:subsystem:sftp=3600\n" },
        { "MaxStartups of one", "MaxStartups 5\nPerSourceMaxStartups 3\nPerSourceNetBlockSize 24:64\n" },
        { "MaxStartups of three", "MaxStartups 2:50:9\nPerSourceMaxStartups none\nPerSourceNetBlockSize 0:0\n" },
        { "GatewayPorts", "GatewayPorts clientspecified\nMatch User bob\nGatewayPorts YES\nMatch User eve\nGatewayPorts no\n" },
        { "forwarding", "AllowTcpForwarding all\nAllowStreamLocalForwarding local\nMatch User bob\nAllowTcpForwarding remote\nDisableForwarding yes\nAllowStreamLocalForwarding no\n" },
        { "PermitOpen", "PermitOpen db:5432 [::1]:* *:80\nPermitListen 8080 localhost:* [::1]:1\nMatch User bob\nPermitOpen none\nPermitListen any\nMatch User eve\nPermitOpen any\nPermitListen none\n" },
        { "stream local", "StreamLocalBindMask 0117\nStreamLocalBindMask 0\nStreamLocalBindUnlink yes\nMatch User bob\nStreamLocalBindMask 077\nStreamLocalBindMask 0177\n" },
        { "Match outdoes what is global", "PasswordAuthentication no\nMaxSessions 1\nMatch User bob\nPasswordAuthentication yes\nMaxSessions 2\nMatch User bob\nMaxSessions 3\nMaxAuthTries 4\n" },
        { "Match all", "MaxSessions 3\nMaxAuthTries 3\nLoginGraceTime 7\nMatch User bob\nMaxSessions 4\nMatch all\nMaxSessions 5\nMaxAuthTries 6\nLoginGraceTime 8\nPort 2200\n" },
        { "Match of several criteria", "Match User bob Address 192.0.2.7\nMaxSessions 2\nMatch LocalPort 2222 LocalAddress 2001:db8::2 User eve,mallory\nMaxSessions 3\nMatch User=root LocalPort=2222\nMaxSessions 4\n" },
        { "Match of patterns", "Match User *,!bob\nMaxSessions 2\nMatch User b?b\nMaxSessions 3\nMatch User Bob\nMaxAuthTries 1\nMatch Address !192.0.2.7,127.0.0.1\nMaxAuthTries 2\n" },
        { "Match of groups", "Match Group root\nMaxSessions 2\nMatch Group *,!root\nMaxSessions 3\n" },
        { "who", "AllowUsers a b@192.0.2.7\nAllowUsers c\nDenyUsers d\nAllowGroups g h\nDenyGroups i\nMatch User bob\nAllowUsers x\nAllowUsers y\nDenyGroups j\n" },
        { "keys", "AuthorizedKeysFile .ssh/k /etc/keys/%u\nAuthorizedKeysFile other\nAuthorizedPrincipalsFile %h/p\nMatch User bob\nAuthorizedKeysFile none\nAuthorizedPrincipalsFile none\nTrustedUserCAKeys /etc/ca\nRevokedKeys /etc/krl\n" },
        { "methods", "AuthenticationMethods publickey,password publickey,keyboard-interactive\nMatch User eve\nAuthenticationMethods publickey\n" },
        { "any method", "Match User bob\nAuthenticationMethods any\n" },
        { "old names", "ChallengeResponseAuthentication no\nPubkeyAcceptedKeyTypes ssh-ed25519\nKeepAlive no\nDSAAuthentication no\n" },
        { "commands", "ForceCommand \"a b\"  c # not a comment\nMatch User bob\nForceCommand none\n" },
        { "flags", "PubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\nStrictModes no\nTCPKeepAlive no\nUseDNS no\nPidFile /run/x.pid\nRequiredRSASize 3072\n" },
        { "log levels", "LogLevel VERBOSE\nMatch User bob\nLogLevel debug3\nMatch User eve\nLogLevel FATAL\n" },
        { "quiet", "LogLevel QUIET\n" },
        { "debug", "LogLevel DEBUG\n" },
        { "algorithms removed", "Ciphers -aes*-ctr\nMACs -*etm*\nKexAlgorithms -ecdh-*,diffie-hellman-group14-sha256\nHostKeyAlgorithms -*cert*\nPubkeyAcceptedAlgorithms -rsa-*\nCASignatureAlgorithms -ecdsa-*\n" },
        { "algorithms added", "Ciphers +aes256-ctr\nMACs +hmac-sha2-256\nKexAlgorithms +ecdh-sha2-nistp256\nHostKeyAlgorithms +ssh-ed25519\nPubkeyAcceptedAlgorithms +ssh-ed25519\nCASignatureAlgorithms +ssh-ed25519\n" },
        { "algorithms put first", "Ciphers ^aes256-ctr,aes128-ctr\nMACs ^hmac-sha2-512\nKexAlgorithms ^ecdh-sha2-nistp521\nHostKeyAlgorithms ^rsa-sha2-512\nMatch User bob\nPubkeyAcceptedAlgorithms ^ssh-ed25519\n" },
        { "algorithms chosen", "Ciphers aes256-gcm@openssh.com,aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms curve25519-sha256,ecdh-sha2-nistp256\nHostKeyAlgorithms ssh-ed25519\nMatch User bob\nPubkeyAcceptedAlgorithms ssh-*\nCASignatureAlgorithms ecdsa-sha2-nistp256\n" },
        { "what is ignored", "PrintMotd no\nX11Forwarding yes\nAcceptEnv LANG LC_*\nSubsystem sftp /usr/lib/openssh/sftp-server -l INFO\nPermitTTY no\nIPQoS ef\nVersionAddendum hello there\nSyslogFacility AUTH\nMaxSessions 4\n" },
        { "Include", "Include {folder}/d/*.conf {folder}/nothing\nMaxSessions 9\n" },
        { "Include in Match", "Match User bob\nInclude {folder}/d/*.conf\nMaxAuthTries 9\nMatch all\nMaxStartups 77\n" },
        { "Include before Match", "MaxAuthTries 3\nInclude {folder}/m/eve {folder}/m/all\nMaxSessions 8\nMatch User bob\nInclude {folder}/m/eve {folder}/m/all\nMaxSessions 7\n" },
    };

    public async Task InitializeAsync()
    {
        _hostKey = await Sshd.MakeHostKey(_folder.Path);
        _folder.Write("d/20.conf", "MaxSessions 20\nMatch User bob,eve\nMaxAuthTries 20\nGatewayPorts yes\n");
        _folder.Write("d/10.conf", "ClientAliveInterval 10\nMatch User eve\nMaxSessions 10\n");
        _folder.Write("d/.hidden.conf", "MaxSessions 1\n");
        _folder.Write("m/eve", "Match User eve\nMaxSessions 2\nInclude {folder}/d/20.conf\n".Replace("{folder}", _folder.Path, StringComparison.Ordinal));
        _folder.Write("m/all", "Match all\nBanner /etc/issue\n");
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_same_is_read_as_by_sshd(string what, string text)
    {
        Assert.NotEmpty(what);
        SshdConfig config = _folder.Read($"HostKey {_hostKey}\n{text}");
        foreach (string subject in Subjects)
        {
            // This sshd answers no question that names no port where a Match asks for one.
            if (subject.Length == 0 && text.Contains("LocalPort", StringComparison.Ordinal))
                continue;
            string[] connection = subject.Length > 0 ? ["-C", subject] : [];
            AssertSame(await Sshd.Effective(["-f", _folder.MainFile, .. connection]), config.Settings(Parse(subject)), text);
        }
    }

    [Theory]
    [InlineData("MaxSessions 3\n", "MaxSessions=1")]
    [InlineData("Match User bob\nMaxSessions 3\n", "MaxSessions=1")]
    [InlineData("AllowUsers a\n", "AllowUsers=b")]
    [InlineData("Port 2200\n", "Port=2201")]
    [InlineData("ListenAddress 127.0.0.1\n", "ListenAddress=127.0.0.2:8")]
    [InlineData("Match User bob\nAllowUsers a\nStreamLocalBindMask 0\n", "StreamLocalBindMask=077")]
    public async Task An_option_is_read_as_by_sshd(string text, string option)
    {
        SshdConfig config = _folder.Read($"HostKey {_hostKey}\n{text}", ConfigFolder.Option(option));
        foreach (string subject in Subjects)
        {
            string[] connection = subject.Length > 0 ? ["-C", subject] : [];
            AssertSame(await Sshd.Effective(["-f", _folder.MainFile, "-o", option, .. connection]), config.Settings(Parse(subject)), text);
        }
    }

    [Fact]
    public async Task A_port_of_the_command_stands_instead_of_those_of_the_file()
    {
        SshdConfig config = _folder.Read($"HostKey {_hostKey}\nPort 2200\nPort 2201\n", ConfigLine.Option("-p", "Port", "2202"));
        AssertSame(await Sshd.Effective("-f", _folder.MainFile, "-p", "2202"), config.Settings(null), "");
    }

    [Fact]
    public async Task The_same_keywords_as_in_sshd_may_stand_in_Match_blocks()
    {
        // Since later versions than the one that is likely to be here.
        string[] newer = ["Subsystem"];
        foreach (SshdKeyword keyword in SshdKeywords.Table.Where(keyword => !newer.Contains(keyword.Name)))
        {
            string path = _folder.Write("sshd_config", $"HostKey {_hostKey}\nMatch User x\n{keyword.Name} x\n");
            string errors = await Sshd.Errors("-f", path);
            if (!errors.Contains("Bad configuration option", StringComparison.Ordinal))
                Assert.True(keyword.IsGlobal == errors.Contains("is not allowed within a Match block", StringComparison.Ordinal), $"{keyword.Name}: {errors}");
        }
    }

    [Theory]
    [InlineData("Match User bob all\n")]
    [InlineData("Match all User bob\n")]
    [InlineData("Match User\n")]
    [InlineData("Match Sser bob\n")]
    [InlineData("Match LocalPort x\n")]
    [InlineData("Port 0\n")]
    [InlineData("Port 65536\n")]
    [InlineData("ListenAddress 127.0.0.1:0\n")]
    [InlineData("ListenAddress 127.0.0.1 127.0.0.2\n")]
    [InlineData("AddressFamily inet\nListenAddress ::1\n")]
    [InlineData("MaxStartups 5:0:9\n")]
    [InlineData("MaxStartups 9:10:5\n")]
    [InlineData("MaxStartups 5:101:9\n")]
    [InlineData("PerSourceNetBlockSize 33\n")]
    [InlineData("PerSourceNetBlockSize 32:129\n")]
    [InlineData("StreamLocalBindMask 01000\n")]
    [InlineData("StreamLocalBindMask 9\n")]
    [InlineData("PermitOpen db\n")]
    [InlineData("PermitOpen any db:1\n")]
    [InlineData("PermitOpen db:0\n")]
    [InlineData("PermitListen db:x\n")]
    [InlineData("AuthenticationMethods any publickey\n")]
    [InlineData("AuthenticationMethods publickey,\n")]
    [InlineData("AuthenticationMethods pubkey\n")]
    [InlineData("ChannelTimeout session\n")]
    [InlineData("LoginGraceTime none\n")]
    [InlineData("PasswordAuthentication maybe\n")]
    [InlineData("PasswordAuthentication true\n")]
    [InlineData("PasswordAuthentication yes no\n")]
    [InlineData("MaxSessions -1\n")]
    [InlineData("Banner \"\"\n")]
    [InlineData("Banner \"x\n")]
    [InlineData("AllowUsers \"\"\n")]
    [InlineData("Frobnicate yes\n")]
    [InlineData("Banner\n")]
    public async Task What_sshd_refuses_is_refused(string text)
    {
        Assert.Contains(_folder.MainFile, _folder.Error($"HostKey {_hostKey}\n{text}"), StringComparison.Ordinal);
        Assert.NotEmpty(await Sshd.Errors("-f", _folder.MainFile));
    }

    private static ConnectionSubject? Parse(string subject)
    {
        if (subject.Length == 0)
            return null;
        Dictionary<string, string> words = subject.Split(',').Select(word => word.Split('=')).ToDictionary(word => word[0], word => word[1], StringComparer.Ordinal);
        // sshd takes the groups from the account; root is the only one of these that has any.
        string[] groups = words["user"] == "root" ? ["root"] : [];
        return ConfigFolder.Subject(
            words["user"], words["addr"], words["laddr"], int.Parse(words["lport"], System.Globalization.CultureInfo.InvariantCulture), groups);
    }

    private static void AssertSame(ILookup<string, string> theirs, GatewaySettings settings, string text)
    {
        ILookup<string, string> ours = Sshd.ToLookup(EffectiveSettings.Lines(settings));
        foreach (string keyword in ours.Select(line => line.Key).Union(Lists, StringComparer.Ordinal))
        {
            bool isServedByBoth = theirs.Contains(keyword) || Lists.Contains(keyword);
            if (!isServedByBoth || (OnlyWhenWritten.Contains(keyword) && !text.Contains(keyword, StringComparison.OrdinalIgnoreCase)))
                continue;
            if (Served(keyword) is { } served)
                AssertSameAlgorithms(keyword, theirs[keyword].Single(), ours[keyword].Single(), served);
            else
                Assert.Equal($"{keyword}: {string.Join(" | ", theirs[keyword])}", $"{keyword}: {string.Join(" | ", ours[keyword])}");
        }
        Assert.All(["maxsessions", "permitopen", "forcecommand", "listenaddress"], keyword => Assert.True(ours.Contains(keyword) && theirs.Contains(keyword)));
    }

    private static IReadOnlyList<string>? Served(string keyword) => keyword switch
    {
        "ciphers" => AlgorithmPreferences.Default.Ciphers,
        "macs" => AlgorithmPreferences.Default.Macs,
        "kexalgorithms" => AlgorithmPreferences.Default.Kex,
        "hostkeyalgorithms" or "pubkeyacceptedalgorithms" or "casignaturealgorithms" => AlgorithmPreferences.Default.HostKeys,
        _ => null,
    };

    /// <summary>Which ones, not their order: the default orders differ on purpose. An sshd before 9.9 has no ML-KEM.</summary>
    private static void AssertSameAlgorithms(string keyword, string theirs, string ours, IReadOnlyList<string> served)
    {
        Assert.Equal($"{keyword}: {Old(theirs.Split(',').Intersect(served, StringComparer.Ordinal))}", $"{keyword}: {Old(ours.Split(','))}");

        static string Old(IEnumerable<string> names) =>
            string.Join(',', names.Where(name => !name.StartsWith("mlkem", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }
}
