using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

public sealed class HostValueTests
{
    private static readonly LocalUser Joe = new()
    {
        Name = "joe",
        Id = "1000",
        Home = "/home/joe",
        HostName = "here.example",
        Variable = name => name switch { "RUN" => "/run/joe", "BAD" => "1\r\nSSH-2.0-x", _ => null },
    };

    [Fact]
    public void The_defaults_hold_where_nothing_was_written()
    {
        HostConfig config = Resolve();
        Assert.Empty(config.RemoteForwards.Concat(config.DynamicForwards));
        Assert.Equal((null, 0x7f, false), (config.PermitRemoteOpens, config.StreamLocalBindMask, config.StreamLocalBindUnlink));
        Assert.Equal((ControlMaster.No, null, null), (config.ControlMaster, config.ControlPath, config.ControlPersist));
        Assert.Equal((RequestTty.Auto, '~', false, null), (config.RequestTty, config.EscapeChar, config.EnableEscapeCommandline, config.Command));
        Assert.Equal((UpdateHostKeys.Yes, FingerprintHash.Sha256, false), (config.UpdateHostKeys, config.FingerprintHash, config.CheckHostIp));
        Assert.Equal((IpQos.Default, "USER", true), (config.IpQos, config.SyslogFacility, config.WarnWeakCrypto));
        Assert.Equal((false, TimeSpan.FromSeconds(15), null, null), (config.Reconnect, config.ReconnectWait, config.IdleTimeout, config.Lifetime));
        Assert.Empty(config.Jumps);
        Assert.Empty(config.Warnings);
    }

    [Theory]
    [Trait("Surface", "S1-11")]
    [InlineData("RemoteForward 2222:localhost:22", "localhost:2222:localhost:22", true)]
    [InlineData("RemoteForward 2222 localhost:22", "localhost:2222:localhost:22", false)]
    [InlineData("RemoteForward 2222", "localhost:2222", false)]
    [InlineData("RemoteForward *:2222", "*:2222", false)]
    public void The_old_form_of_a_remote_forward_is_taken_with_a_warning(string line, string forward, bool warns)
    {
        HostConfig config = Resolve(line);
        Assert.Equal(forward, Assert.Single(config.RemoteForwards).Value.ToString());
        Assert.Equal(warns, config.Warnings.Length == 1);
        Assert.All(config.Warnings, warning => Assert.StartsWith("file:1: \"RemoteForward 2222:localhost:22\" is an old form", warning, StringComparison.Ordinal));
    }

    [Fact]
    public void Forwards_keep_their_kind_their_order_and_the_tokens_of_paths()
    {
        HostConfig config = Resolve("GatewayPorts yes", "DynamicForward 1080", "RemoteForward 0 db:5432", "RemoteForward /r/%n ${RUN}/%p", "RemoteForward 1", "DynamicForward localhost:1081", "DynamicForward 1080");
        Assert.Equal(["*:1080", "localhost:1081"], config.DynamicForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal(["localhost:0:db:5432", "/r/h:/run/joe/22", "localhost:1"], config.RemoteForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal("file:3", config.RemoteForwards[0].Source.ToString());
    }

    [Theory]
    [InlineData("any", null)]
    [InlineData("none", "")]
    [InlineData("localhost:5432 [::1]:* *:443", "localhost:5432,[::1]:*,*:443")]
    public void PermitRemoteOpen_is_read(string value, string? expected) =>
        Assert.Equal(expected, Resolve($"PermitRemoteOpen {value}").PermitRemoteOpens is { } opens ? string.Join(',', opens) : null);

    [Theory]
    [InlineData("a", "a")]
    [InlineData("none", "")]
    [InlineData("u@a:22,ssh://v%40w@b:2222/,[::1]:3,fd00::1", "u@a:22,v@w@b:2222,[::1]:3,[fd00::1]")]
    [InlineData("%n.bastion # near it", "h.bastion")]
    public void The_hosts_on_the_way_are_read_in_their_order(string value, string expected) =>
        Assert.Equal(expected, string.Join(',', Resolve($"ProxyJump {value}").Jumps));

    [Theory]
    [InlineData("ProxyJump a,,b", "\"\" is not a host")]
    [InlineData("ProxyJump a:0", "\"0\" is not a port from 1 to 65535")]
    [InlineData("ProxyJump a b", "\"a b\" is not a host")]
    [InlineData("ProxyJump $(x)", "is not a host")]
    [InlineData("ProxyJump 'a'", "is not a host")]
    [InlineData("ProxyJump u;x@a", "\"u;x\" is not a user")]
    [InlineData("ProxyJump h", "ProxyJump goes by way of h, which is the destination itself")]
    [InlineData("ProxyJump joe@h:22", "which is the destination itself")]
    [InlineData("ProxyJump %d", "the token %d")]
    [InlineData("ProxyCommand %d", "the token %d is not known here")]
    [InlineData("KnownHostsCommand /x %z", "the token %z is not known here")]
    [InlineData("ControlPath %T", "the token %T is not known here")]
    [InlineData("User %r", "the token %r is not known here")]
    [InlineData("User %u;x", "\"%u;x\" is not a user")]
    [InlineData("SendEnv A=b", "write names of variables")]
    [InlineData("SetEnv A", "write NAME=value")]
    [InlineData("SetEnv =a", "write NAME=value")]
    [InlineData("EscapeChar ab", "write one ASCII character")]
    [InlineData("IPQoS fast", "write one or two of")]
    [InlineData("IPQoS 256", "write one or two of")]
    [InlineData("IPQoS 0x", "write one or two of")]
    [InlineData("IPQoS 08", "write one or two of")]
    [InlineData("IPQoS 1a", "write one or two of")]
    [InlineData("IPQoS ef ef ef", "write one or two of")]
    [InlineData("AddKeysToAgent yes 5m", "write yes, no, ask, confirm, a time")]
    [InlineData("AddKeysToAgent perhaps", "write seconds, or a time")]
    [InlineData("ControlMaster perhaps", "write yes, true, no, false, auto, ask or autoask")]
    [InlineData("ControlPersist perhaps", "write seconds, or a time")]
    [InlineData("StreamLocalBindMask 8", "write an octal number")]
    [InlineData("StreamLocalBindMask 01777", "write an octal number")]
    [InlineData("PermitRemoteOpen a", "PermitRemoteOpen needs host:port")]
    [InlineData("PermitRemoteOpen a:1 none", "none stands alone")]
    [InlineData("ChannelTimeout sesion=1m", "the nearest is session")]
    [InlineData("SyslogFacility MAIL", "write one of DAEMON")]
    [InlineData("FingerprintHash sha1", "write sha256 or md5")]
    [InlineData("VersionAddendum \u00e9", "printable ASCII")]
    [InlineData("VersionAddendum ${BAD}", "with its tokens replaced")]
    [InlineData("ChannelTimeout session=1h global=5m", "global, a time for all channels together, is not served")]
    [InlineData("RequestTTY maybe", "write yes, true, no, false, force or auto")]
    [InlineData("AditReconnect perhaps", "write yes or no")]
    [InlineData("AditLifetime x", "write seconds, or a time")]
    [InlineData("DynamicForward 1:a:2", "there are too many fields")]
    [InlineData("RemoteForward a b c", "write where to listen and the target")]
    public void What_is_wrong_is_an_error_with_the_place(string line, string message)
    {
        string error = Assert.Throws<ConfigException>(() => Resolve(line)).Message;
        Assert.StartsWith("file:1: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_get_the_tokens_that_they_may_have_and_keep_their_quotes()
    {
        HostConfig config = Resolve(
            "ProxyCommand nc \"%h\" %p %r %n %k %% # all", "PermitLocalCommand yes", "LocalCommand echo %T %u '%h'", "RemoteCommand psql -h %h",
            "KnownHostsCommand /bin/keys %H %t", "HostKeyAlias ALIAS", "User %u.%L");
        Assert.Equal("nc \"h\" 22 joe.here h alias % # all", config.ProxyCommand);
        Assert.Equal(("echo NONE joe 'h'", "psql -h h", "/bin/keys %H %t"), (config.LocalCommand, config.Command, config.KnownHostsCommand?.Value));
    }

    [Fact]
    public void The_words_of_KnownHostsCommand_get_the_tokens_of_the_question_and_of_the_connection()
    {
        HostConfig config = Resolve("KnownHostsCommand /bin/%keys '%H %n' ${RUN} #%t");
        Assert.Equal(
            ["/bin/%keys", "[h]:22 h", "/run/joe", "#ssh-rsa"], config.KnownHostsWords(token => token switch { 'H' => "[h]:22", 't' => "ssh-rsa", _ => null }));
        Assert.Empty(Resolve().KnownHostsWords(_ => null));
    }

    [Fact]
    public void A_local_command_needs_its_permission() =>
        Assert.Null(Resolve("LocalCommand echo").LocalCommand);

    [Fact]
    public void The_host_of_the_last_hop_is_part_of_the_connection_s_hash()
    {
        // printf %s here.exampleh22joeb | sha1sum
        Assert.Equal("/s/7da2b662f4fbba8c65d0540da1905e8c76fb707e-b", Resolve("ProxyJump a,b", "ControlPath /s/%C-%j").ControlPath);
    }

    [Theory]
    [InlineData("no", null)]
    [InlineData("yes", -1)]
    [InlineData("0", -1)]
    [InlineData("10m", 600)]
    public void ControlPersist_is_a_time_or_for_ever(string value, int? seconds) =>
        Assert.Equal(
            seconds is { } s ? s < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(s) : null, Resolve($"ControlPersist {value}").ControlPersist);

    [Theory]
    [InlineData("SessionType none", true)]
    [InlineData("SessionType default", false)]
    [InlineData("SessionType none|AditReconnect no", false)]
    [InlineData("AditReconnect yes", true)]
    public void A_tunnel_without_a_session_is_made_anew(string lines, bool expected) =>
        Assert.Equal(expected, Resolve(lines.Split('|')).Reconnect);

    [Fact]
    public void Adit_s_own_words_are_read()
    {
        HostConfig config = Resolve("AditReconnectWait 1m", "AditIdleTimeout 10m", "AditLifetime 8h", "ChannelTimeout direct-tcpip=5m session=0");
        Assert.Equal((60, 600, 28800), (config.ReconnectWait.TotalSeconds, config.IdleTimeout?.TotalSeconds, config.Lifetime?.TotalSeconds));
        Assert.Equal([new("direct-tcpip", TimeSpan.FromMinutes(5)), new("session", TimeSpan.Zero)], config.ChannelTimeouts.AsEnumerable());
        config = Resolve("AditReconnectWait none", "AditIdleTimeout none", "AditLifetime none");
        Assert.Equal((TimeSpan.Zero, null, null), (config.ReconnectWait, config.IdleTimeout, config.Lifetime));
    }

    [Theory]
    [InlineData("ef", (byte)0xb8, (byte)0xb8)]
    [InlineData("af21 cs1", (byte)0x48, (byte)0x20)]
    [InlineData("lowdelay throughput", null, null)]
    [InlineData("none 8", null, (byte)8)]
    [InlineData("0x20 040", (byte)0x20, (byte)0x20)]
    [InlineData("0 0XFF", (byte)0, (byte)255)]
    public void IPQoS_is_the_byte_of_the_header(string value, byte? interactive, byte? bulk) =>
        Assert.Equal(new IpQos(interactive, bulk), Resolve($"IPQoS {value}").IpQos);

    [Fact]
    public void An_addendum_ends_at_a_comment_and_none_is_none()
    {
        Assert.Equal("of h", Resolve("VersionAddendum of %h # c").VersionAddendum);
        Assert.Equal("at /run/joe", Resolve("VersionAddendum at ${RUN}").VersionAddendum);
        Assert.Null(Resolve("VersionAddendum none").VersionAddendum);
    }

    [Fact]
    public void Every_keyword_of_the_manual_is_known()
    {
        // ssh_config(5) of OpenSSH 10.5.
        string[] manual = """
            AddKeysToAgent AddressFamily BatchMode BindAddress BindInterface CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname
            CanonicalizeMaxDots CanonicalizePermittedCNAMEs CASignatureAlgorithms CertificateFile ChannelTimeout CheckHostIP Ciphers
            ClearAllForwardings Compression ConnectionAttempts ConnectTimeout ControlMaster ControlPath ControlPersist DynamicForward
            EnableEscapeCommandline EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent
            ForwardX11 ForwardX11Timeout ForwardX11Trusted GatewayPorts GlobalKnownHostsFile GSSAPIAuthentication GSSAPIDelegateCredentials
            HashKnownHosts Host HostbasedAcceptedAlgorithms HostbasedAuthentication HostKeyAlgorithms HostKeyAlias Hostname IdentitiesOnly
            IdentityAgent IdentityFile IgnoreUnknown Include IPQoS KbdInteractiveAuthentication KbdInteractiveDevices KexAlgorithms
            KnownHostsCommand LocalCommand LocalForward LogLevel LogVerbose MACs Match NoHostAuthenticationForLocalhost NumberOfPasswordPrompts
            ObscureKeystrokeTiming PasswordAuthentication PermitLocalCommand PermitRemoteOpen PKCS11Provider Port PreferredAuthentications
            ProxyCommand ProxyJump ProxyUseFdpass PubkeyAcceptedAlgorithms PubkeyAuthentication RefuseConnection RekeyLimit RemoteCommand
            RemoteForward RequestTTY RequiredRSASize RevokedHostKeys SecurityKeyProvider SendEnv ServerAliveCountMax ServerAliveInterval
            SessionType SetEnv StdinNull StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility Tag TCPKeepAlive Tunnel
            TunnelDevice UpdateHostKeys User UserKnownHostsFile VerifyHostKeyDNS VersionAddendum VisualHostKey WarnWeakCrypto XAuthLocation
            """.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Empty(manual.Except(Keywords.Names, StringComparer.OrdinalIgnoreCase));
    }

    private static HostConfig Resolve(params string[] lines) => SshConfig.Resolve(
        "h", [.. lines.Select((line, index) => ConfigLine.Parse(line, new("file", index + 1))!)], "none", Joe);
}
