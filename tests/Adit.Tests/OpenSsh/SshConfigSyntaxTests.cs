using Adit.OpenSsh;
using Adit.Wording;

namespace Adit.Tests.OpenSsh;

public sealed class SshConfigSyntaxTests
{
    [Theory]
    [InlineData("Port 22", "Port|22")]
    [InlineData("  Port\t22  ", "Port|22")]
    [InlineData("Port=22", "Port|22")]
    [InlineData("Port = 22", "Port|22")]
    [InlineData("Port =22 # c", "Port|22")]
    [InlineData("\"Port\" 22", "Port|22")]
    [InlineData("User \"a b\"", "User|a b")]
    [InlineData("User 'a \"b'", "User|a \"b")]
    [InlineData("User a\\ b", "User|a b")]
    [InlineData("User a\\\"b", "User|a\"b")]
    [InlineData("User a\\b", "User|a\\b")]
    [InlineData("User a#b", "User|a#b")]
    [InlineData("User \"#b\"", "User|#b")]
    [InlineData("User \"\"", "User|")]
    [InlineData("User a\"b c\"d", "User|ab cd")]
    [InlineData("Host a b  c # d e", "Host|a|b|c")]
    [InlineData("Port 22\r", "Port|22")]
    public void A_line_is_taken_apart(string text, string expected)
    {
        ConfigLine line = ConfigLine.Parse(text, new("f", 1))!;
        Assert.Equal(expected, string.Join('|', [line.Keyword, .. line.Arguments]));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t")]
    [InlineData("# Port 22")]
    [InlineData("  #")]
    public void Empty_lines_and_comments_are_nothing(string text) => Assert.Null(ConfigLine.Parse(text, new("f", 1)));

    [Theory]
    [InlineData("Port", "f:7: no argument after the keyword \"Port\"")]
    [InlineData("Port =", "f:7: no argument")]
    [InlineData("Port # 22", "f:7: no argument")]
    [InlineData("User \"a", "f:7: a quote is not closed")]
    [InlineData("\"User a", "f:7: a quote is not closed")]
    [InlineData("User a\0", "f:7: the line holds a NUL")]
    public void A_malformed_line_is_named(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<ConfigException>(() => ConfigLine.Parse(text, new("f", 7))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "abc", true)]
    [InlineData("a*c", "abc", true)]
    [InlineData("a*c", "ac", true)]
    [InlineData("a*c", "acd", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("*.example.com", "a.b.example.com", true)]
    [InlineData("*a*b*", "xxaxxbxx", true)]
    [InlineData("*a*b*", "xxbxxa", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    public void A_pattern_fits_the_whole(string pattern, string text, bool fits) => Assert.Equal(fits, PatternList.Fits(text, pattern));

    [Theory]
    [InlineData("a b", "a", true)]
    [InlineData("* !a", "a", false)]
    [InlineData("!a *", "a", false)]
    [InlineData("!a", "b", false)]
    [InlineData("!a *", "b", true)]
    public void A_negated_pattern_outdoes_the_others(string patterns, string text, bool fits) =>
        Assert.Equal(fits, PatternList.FitsAny(text, patterns.Split(' ')));

    [Fact(Timeout = 10_000)]
    public Task Many_stars_take_no_long_time()
    {
        string text = new('a', 10_000);
        Assert.False(PatternList.Fits(text, string.Concat(Enumerable.Repeat("*a", 500)) + "b"));
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("[ab]x", "ax", true)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[^a-c]x", "dx", true)]
    [InlineData("[]]x", "]x", true)]
    [InlineData("[a", "[a", true)]
    [InlineData("*.conf", "a.conf", true)]
    [InlineData("?[0-9]*", "a1b", true)]
    public void An_include_pattern_has_sets(string pattern, string name, bool fits) => Assert.Equal(fits, IncludePattern.Fits(name, pattern));

    [Theory]
    [InlineData("ProxyJmp", "ProxyJump")]
    [InlineData("identityfiles", "IdentityFile")]
    [InlineData("Hostnam", "HostName")]
    [InlineData("LocalFoward", "LocalForward")]
    [InlineData("qqqqqqqqqqqq", null)]
    public void The_nearest_keyword_is_found(string word, string? nearest) => Assert.Equal(nearest, Spelling.Nearest(word, Keywords.Names));

    [Fact]
    public void Every_keyword_of_the_manual_is_known()
    {
        const string Manual92 =
            """
            AddKeysToAgent AddressFamily BatchMode BindAddress BindInterface CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname
            CanonicalizeMaxDots CanonicalizePermittedCNAMEs CASignatureAlgorithms CertificateFile CheckHostIP Ciphers ClearAllForwardings
            Compression ConnectionAttempts ConnectTimeout ControlMaster ControlPath ControlPersist DynamicForward EnableEscapeCommandline
            EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent ForwardX11
            ForwardX11Timeout ForwardX11Trusted GatewayPorts GlobalKnownHostsFile GSSAPIAuthentication GSSAPIClientIdentity
            GSSAPIDelegateCredentials GSSAPIKeyExchange GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDns GSSAPIKexAlgorithms
            HashKnownHosts HostbasedAcceptedAlgorithms HostbasedAuthentication HostKeyAlgorithms HostKeyAlias Hostname IdentitiesOnly
            IdentityAgent IdentityFile IgnoreUnknown IPQoS KbdInteractiveAuthentication KbdInteractiveDevices KexAlgorithms
            KnownHostsCommand LocalCommand LocalForward LogLevel LogVerbose MACs NoHostAuthenticationForLocalhost NumberOfPasswordPrompts
            PasswordAuthentication PermitLocalCommand PermitRemoteOpen PKCS11Provider Port PreferredAuthentications ProxyCommand ProxyJump
            ProxyUseFdpass PubkeyAcceptedAlgorithms PubkeyAuthentication RekeyLimit RemoteCommand RemoteForward RequestTTY RequiredRSASize
            RevokedHostKeys SecurityKeyProvider SendEnv ServerAliveCountMax ServerAliveInterval SessionType SetEnv StdinNull
            StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility TCPKeepAlive Tunnel TunnelDevice UpdateHostKeys
            User UserKnownHostsFile VerifyHostKeyDNS VisualHostKey XAuthLocation
            """;
        const string Newer = "ChannelTimeout ObscureKeystrokeTiming RefuseConnection Tag VersionAddendum WarnWeakCrypto";
        string[] unknown =
            [.. $"{Manual92} {Newer}".Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(name => Keywords.Find(name) is null)];
        Assert.Empty(unknown);
    }
}
