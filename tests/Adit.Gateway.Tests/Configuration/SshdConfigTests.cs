using System.Globalization;
using System.Net.Sockets;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Gateway.Tests.Configuration;

public sealed class SshdConfigTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_a_file_the_defaults_hold()
    {
        SshdConfig config = SshdConfig.Read(null, []);
        GatewaySettings s = config.Settings(null);
        Assert.Equal([("*", 22)], s.ListenAddresses.AsEnumerable());
        Assert.Equal([22], s.Ports.AsEnumerable());
        Assert.Equal(["/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"], s.HostKeys.Select(key => key.Value));
        Assert.All(s.HostKeys, key => Assert.Equal(ConfigSource.Default, key.Source));
        Assert.Equal([".ssh/authorized_keys", ".ssh/authorized_keys2"], s.AuthorizedKeysFiles.AsEnumerable());
        Assert.Equal(AlgorithmPreferences.Default.HostKeys, s.PubkeyAcceptedAlgorithms.AsEnumerable());
        Assert.DoesNotContain(s.CaSignatureAlgorithms, name => name.Contains("cert", StringComparison.Ordinal));
        Assert.Equal((true, false, false), (s.PubkeyAuthentication, s.PasswordAuthentication, s.KbdInteractiveAuthentication));
        Assert.Equal((ForwardDirections.All, ForwardDirections.All, GatewayPorts.No), (s.AllowTcpForwarding, s.AllowStreamLocalForwarding, s.GatewayPorts));
        Assert.Equal(new SourcePenalties(), s.PerSourcePenalties);
        Assert.Equal(new UserLimits(), s.Limits);
        Assert.Equal((127, 10, 6), (s.StreamLocalBindMask, s.MaxSessions, s.MaxAuthTries));
        Assert.Empty(s.DenyUsers);
        Assert.Empty(config.Notes);
        Assert.Empty(config.Files);
    }

    [Fact]
    [Trait("Surface", "S1-21")]
    public void What_Adit_adds_is_read()
    {
        GatewaySettings s = _folder.Settings("""
            AditUsersFile /etc/adit/users
            AditAuditLog {folder}/../audit.log
            AditMaxConnections 3
            AditMaxChannels 100
            AditMaxListeners 0
            AditBandwidth 10M
            AditMaxBytes 2g
            AditMaxSession 8h
            AditPermitExec yes
            AditPermitFrom 192.0.2.7
            AditPermitOpen db:5432 "!10.0.0.0/8:*"
            AditPermitListen localhost:8080
            AditPermitOpen *:443
            """);
        Assert.Equal(("/etc/adit/users", Path.Join(Path.GetDirectoryName(_folder.Path), "audit.log")), (s.AditUsersFile, s.AditAuditLog));
        Assert.Equal(
            new UserLimits
            {
                Connections = 3,
                Channels = 100,
                Listeners = 0,
                BytesPerSecond = 10 << 20,
                TotalBytes = 2L << 30,
                Session = TimeSpan.FromHours(8),
            },
            s.Limits);
        Assert.True(s.AditPermitExec);
        Assert.Equal("192.0.2.7", s.AditPermitFrom?.Text);
        Assert.Equal(["db:5432", "!10.0.0.0/8:*", "*:443"], s.AditPermitOpen.Select(rule => rule.Text));
        Assert.Equal(["localhost:8080"], s.AditPermitListen.Select(rule => rule.Text));
    }

    [Fact]
    [Trait("Surface", "S1-21")]
    public void A_Match_block_gives_its_users_limits_and_rules_of_their_own()
    {
        SshdConfig config = _folder.Read("""
            AditMaxConnections 3
            AditPermitOpen db:5432
            AditBandwidth 1M
            AditPermitFrom 192.0.2.7
            Match User bob
              AditMaxConnections none
              AditPermitOpen web:80
              AditPermitOpen web:443
              AditBandwidth none
              AditPermitFrom any
            """);
        GatewaySettings bob = config.Settings(ConfigFolder.Subject("bob"));
        Assert.Equal((null, null, null), (bob.Limits.Connections, bob.Limits.BytesPerSecond, bob.AditPermitFrom?.Text));
        Assert.Equal(["web:80", "web:443"], bob.AditPermitOpen.Select(rule => rule.Text));
        GatewaySettings eve = config.Settings(ConfigFolder.Subject("eve"));
        Assert.Equal((3, 1L << 20, "192.0.2.7"), (eve.Limits.Connections, eve.Limits.BytesPerSecond, eve.AditPermitFrom?.Text));
        Assert.Equal(["db:5432"], eve.AditPermitOpen.Select(rule => rule.Text));
        Assert.Equal(["db:5432"], config.Settings(null).AditPermitOpen.Select(rule => rule.Text));
    }

    [Fact]
    public void Penalties_are_read_one_by_one()
    {
        SourcePenalties penalties = _folder.Settings("""
            PerSourcePenalties crash:1m authfail:2 invaliduser:3 refuseconnection:4s noauth:5 grace-exceeded:6
            PerSourcePenalties min:7 max:1h max-sources4:10 max-sources6:20 overflow:deny-all overflow6:permissive crash:9
            """).PerSourcePenalties;
        SourcePenalties expected = new()
        {
            Crash = TimeSpan.FromMinutes(1),
            AuthFail = TimeSpan.FromSeconds(2),
            InvalidUser = TimeSpan.FromSeconds(3),
            RefuseConnection = TimeSpan.FromSeconds(4),
            NoAuth = TimeSpan.FromSeconds(5),
            GraceExceeded = TimeSpan.FromSeconds(6),
            Min = TimeSpan.FromSeconds(7),
            Max = TimeSpan.FromHours(1),
            MaxSources = 10,
            MaxSources6 = 20,
            OverflowDeniesAll = true,
        };
        Assert.Equal(expected, penalties);
        Assert.False(_folder.Settings("PerSourcePenalties no\nPerSourcePenalties yes\n").PerSourcePenalties.Enabled);
        Assert.True(_folder.Settings("PerSourcePenalties no\nPerSourcePenalties min:1\n").PerSourcePenalties.Enabled);
        Assert.True(_folder.Settings("PerSourcePenalties overflow:deny-all\n").PerSourcePenalties.Overflow6DeniesAll);
    }

    [Fact]
    public void Root_is_denied_where_sshd_would_not_let_root_log_in()
    {
        SshdConfig config = _folder.Read("PermitRootLogin no\nDenyUsers eve\nMatch Address 192.0.2.7\nPermitRootLogin prohibit-password\n");
        Assert.Equal(["eve", "root"], config.Settings(ConfigFolder.Subject("root", "192.0.2.8")).DenyUsers.AsEnumerable());
        Assert.Equal(["eve"], config.Settings(ConfigFolder.Subject("root", "192.0.2.7")).DenyUsers.AsEnumerable());
    }

    [Fact]
    public void Who_is_refused_is_told_why_in_the_words_of_the_configuration()
    {
        SshdConfig config = _folder.Read("RefuseConnection no\nMatch User bob\nRefuseConnection yes\n");
        Assert.Equal($"{_folder.MainFile}:3: RefuseConnection yes", config.Settings(ConfigFolder.Subject("bob")).RefuseConnection);
        Assert.Null(config.Settings(ConfigFolder.Subject("eve")).RefuseConnection);
    }

    [Theory]
    [InlineData("devs", true)]
    [InlineData("ops,devs", true)]
    [InlineData("devs,guests", false)]
    [InlineData("ops", false)]
    [InlineData("", false)]
    public void One_group_that_is_excluded_outweighs_the_others(string groups, bool fits)
    {
        SshdConfig config = _folder.Read("Match Group dev*,!guests\nMaxSessions 2\n");
        ConnectionSubject bob = ConfigFolder.Subject("bob", groups: groups.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(fits ? 2 : 10, config.Settings(bob).MaxSessions);
    }

    [Fact]
    public void Without_an_address_no_block_for_addresses_holds()
    {
        SshdConfig config = _folder.Read("Match Address 192.0.2.7\nMaxSessions 2\nMatch LocalAddress 192.0.2.1\nMaxAuthTries 2\n");
        GatewaySettings settings = config.Settings(new ConnectionSubject("bob", [], null, null, 22));
        Assert.Equal((10, 6), (settings.MaxSessions, settings.MaxAuthTries));
        ConnectionSubject mapped = ConfigFolder.Subject("bob", "::ffff:192.0.2.7");
        Assert.Equal((2, 2), (config.Settings(mapped).MaxSessions, config.Settings(mapped).MaxAuthTries));
    }

    [Fact]
    public void What_has_no_effect_is_noted_once_with_its_first_place()
    {
        SshdConfig config = _folder.Read("X11Forwarding yes\nx11forwarding no\nMatch User bob\nAcceptEnv LANG\nPubkeyAcceptedAlgorithms ssh-ed25519,ssh-dss\n");
        Assert.Equal(
            [
                $"{_folder.MainFile}:5: PubkeyAcceptedAlgorithms: ssh-dss is not served and left out",
                $"{_folder.MainFile}:1: X11Forwarding has no effect in the gateway",
                $"{_folder.MainFile}:4: AcceptEnv has no effect in the gateway",
            ],
            config.Notes.AsEnumerable());
    }

    [Fact]
    public void The_files_are_read_once_and_for_all()
    {
        string included = _folder.Write("more", "MaxSessions 2\n");
        SshdConfig config = _folder.Read("Include {folder}/more\n");
        Assert.Equal([_folder.MainFile, included], config.Files.AsEnumerable());
        File.WriteAllText(included, "MaxSessions x\n");
        Assert.Equal(2, config.Settings(null).MaxSessions);
        File.Delete(included);
        Assert.Equal(2, config.Settings(ConfigFolder.Subject("bob")).MaxSessions);
    }

    [Fact]
    public void Connections_may_ask_at_the_same_time()
    {
        SshdConfig config = _folder.Read(string.Concat(Enumerable.Range(0, 50).Select(i =>
            string.Create(CultureInfo.InvariantCulture, $"Match User u{i}\nMaxSessions {i}\nAllowUsers u{i}\nAditPermitOpen db:{i + 1}\n"))));
        Parallel.For(0, 2000, i =>
        {
            int user = i % 50;
            string name = string.Create(CultureInfo.InvariantCulture, $"u{user}");
            GatewaySettings settings = config.Settings(ConfigFolder.Subject(name));
            Assert.Equal(user, settings.MaxSessions);
            Assert.Equal([name], settings.AllowUsers.AsEnumerable());
            Assert.Equal([string.Create(CultureInfo.InvariantCulture, $"db:{user + 1}")], settings.AditPermitOpen.Select(rule => rule.Text));
        });
    }

    [Fact]
    public void None_as_a_host_key_takes_the_default_ones_away()
    {
        Assert.Empty(_folder.Settings("HostKey none\n").HostKeys);
        Assert.Equal(["/k"], _folder.Settings("HostKey none\nHostKey /k\nHostKey /k\nHostCertificate none\n").HostKeys.Select(key => key.Value));
    }

    [Fact]
    public void Names_may_be_listened_on_and_families_chosen()
    {
        GatewaySettings settings = _folder.Settings("AddressFamily inet6\nListenAddress db.example.com\nListenAddress db.example.com:23\nListenAddress fe80::1\n");
        Assert.Equal([("db.example.com", 22), ("db.example.com", 23), ("fe80::1", 22)], settings.ListenAddresses.AsEnumerable());
        Assert.Equal(AddressFamily.InterNetworkV6, settings.AddressFamily);
    }

    [Fact]
    public void Every_keyword_of_sshd_is_known()
    {
        // Of sshd_config(5) in 10.5, and those of 9.2 that are not in it.
        const string keywords = """
            AcceptEnv AddressFamily AllowAgentForwarding AllowGroups AllowStreamLocalForwarding AllowTcpForwarding AllowUsers AuthenticationMethods
            AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedKeysFile AuthorizedPrincipalsCommand AuthorizedPrincipalsCommandUser
            AuthorizedPrincipalsFile Banner CASignatureAlgorithms ChannelTimeout ChrootDirectory Ciphers ClientAliveCountMax ClientAliveInterval
            Compression DenyGroups DenyUsers DisableForwarding ExposeAuthInfo FingerprintHash ForceCommand GatewayPorts GSSAPIAuthentication
            GSSAPICleanupCredentials GSSAPIDelegateCredentials GSSAPIStrictAcceptorCheck HostbasedAcceptedAlgorithms HostbasedAuthentication
            HostbasedUsesNameFromPacketOnly HostCertificate HostKey HostKeyAgent HostKeyAlgorithms IgnoreRhosts IgnoreUserKnownHosts Include IPQoS
            KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken KerberosOrLocalPasswd KerberosTicketCleanup KexAlgorithms
            ListenAddress LoginGraceTime LogLevel LogVerbose MACs Match MaxAuthTries MaxSessions MaxStartups ModuliFile PAMServiceName
            PasswordAuthentication PermitEmptyPasswords PermitListen PermitOpen PermitRootLogin PermitTTY PermitTunnel PermitUserEnvironment
            PermitUserRC PerSourceMaxStartups PerSourceNetBlockSize PerSourcePenalties PerSourcePenaltyExemptList PidFile Port PrintLastLog PrintMotd
            PubkeyAcceptedAlgorithms PubkeyAuthentication PubkeyAuthOptions RDomain RefuseConnection RekeyLimit RequiredRSASize RevokedKeys
            SecurityKeyProvider SetEnv SshdAuthPath SshdSessionPath StreamLocalBindMask StreamLocalBindUnlink StrictModes Subsystem SyslogFacility
            TCPKeepAlive TrustedUserCAKeys UnusedConnectionTimeout UseDNS UsePAM VersionAddendum X11DisplayOffset X11Forwarding X11UseLocalhost
            XAuthLocation DebianBanner GSSAPIKexAlgorithms GSSAPIKeyExchange GSSAPIStoreCredentialsOnRekey Protocol UsePrivilegeSeparation
            """;
        string[] names = [.. SshdKeywords.Names];
        Assert.Empty(keywords.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Except(names, StringComparer.Ordinal));
    }
}
