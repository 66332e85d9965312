using Adit.Gateway.Configuration;
using Adit.OpenSsh;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>What cannot be understood is an error that names place, keyword and what was expected.</summary>
public sealed class SshdConfigErrorTests : IDisposable
{
    private const string YesOrNo = "write yes or no";
    private const string Path = "an empty value, or one with control characters, cannot be right";
    private const string Time = "write seconds, or a time such as 1m30s";
    private const string Algorithms = "leaves no algorithm; served are";

    private readonly ConfigFolder _folder = new();

    /// <summary>For every keyword that is not ignored a value that it cannot have, and what is said then.</summary>
    public static TheoryData<string, string, string> WrongValues => new()
    {
        { "Port", "many", "write a number from 1 to 65535" },
        { "ListenAddress", "*", "write an address such as 192.0.2.7, 192.0.2.7:22, ::1 or [::1]:22; 0.0.0.0 or :: for all" },
        { "AddressFamily", "ipv4", "write any, inet or inet6" },
        { "HostKey", "\"\"", Path },
        { "HostDSAKey", "\"\"", Path },
        { "HostCertificate", "a b", "it takes one value; put quotes around blanks" },
        { "PidFile", "\"\"", Path },
        { "LogLevel", "loud", "write QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, DEBUG2 or DEBUG3" },
        { "Ciphers", "3des-cbc", Algorithms },
        { "KexAlgorithms", "+", "write names of algorithms with commas between them" },
        { "MACs", "hmac-md5", Algorithms },
        { "HostKeyAlgorithms", "-*", "leaves no algorithm" },
        { "RekeyLimit", "15", "at least 16 bytes are needed" },
        { "LoginGraceTime", "soon", Time },
        { "MaxStartups", "10:30", "write a number, or start:rate:full as in 10:30:100" },
        { "PerSourceMaxStartups", "0", "write a number from 1, or none" },
        { "PerSourceNetBlockSize", "33", "write the bits of IPv4 and of IPv6 addresses, as in 32:128" },
        { "PerSourcePenalties", "authfial:5s", "\"authfial\" is not known, the nearest is authfail" },
        { "PerSourcePenaltyExemptList", "10.0.0.1 10.0.0.2", "it takes one value" },
        { "TCPKeepAlive", "true", YesOrNo },
        { "KeepAlive", "1", YesOrNo },
        { "StrictModes", "off", YesOrNo },
        { "AditUsersFile", "\"\"", Path },
        { "AditAuditLog", "\"\"", Path },
        { "PubkeyAcceptedAlgorithms", "ssh-dss", Algorithms },
        { "PubkeyAcceptedKeyTypes", "ssh-rsa", Algorithms },
        { "CASignatureAlgorithms", "ssh-ed25519-cert-v01@openssh.com", Algorithms },
        { "RequiredRSASize", "100", "write a number from 1024 to 16384" },
        { "MaxAuthTries", "-1", "write a number from 0 to 2147483647" },
        { "AuthorizedKeysFile", "/keys/%n", "only the tokens %%, %h, %U and %u are known here" },
        { "AuthorizedPrincipalsFile", "/p/%", "only the tokens %%, %h, %U and %u are known here" },
        { "TrustedUserCAKeys", "a b", "it takes one value" },
        { "RevokedKeys", "\"\"", Path },
        { "AllowUsers", "\"\"", "write patterns of names with blanks between them" },
        { "DenyUsers", "bob@", "write patterns of names with blanks between them" },
        { "AllowGroups", "a \"\"", "write patterns of names with blanks between them" },
        { "DenyGroups", "\"\"", "write patterns of names with blanks between them" },
        { "AuthenticationMethods", "publickey,passwd", "\"passwd\" is not a method, the nearest is password" },
        { "PubkeyAuthentication", "maybe", YesOrNo },
        { "DSAAuthentication", "maybe", YesOrNo },
        { "PasswordAuthentication", "maybe", YesOrNo },
        { "KbdInteractiveAuthentication", "maybe", YesOrNo },
        { "ChallengeResponseAuthentication", "maybe", YesOrNo },
        { "SKeyAuthentication", "maybe", YesOrNo },
        { "RefuseConnection", "maintenance", YesOrNo },
        { "Banner", "\"\"", Path },
        { "PermitRootLogin", "forced-commands-only", "write yes, prohibit-password, without-password or no" },
        { "MaxSessions", "-1", "write a number from 0 to 2147483647" },
        { "ClientAliveInterval", "1x", Time },
        { "ClientAliveCountMax", "x", "write a number from 0 to 2147483647" },
        { "ChannelTimeout", "direct-tcip=5m", "there is no channel type \"direct-tcip\", the nearest is direct-tcpip" },
        { "ChannelTimeout", "global=5m", "global, a time for all channels together, is not served" },
        { "UnusedConnectionTimeout", "never", Time },
        { "AllowTcpForwarding", "client", "write yes, all, no, local or remote" },
        { "AllowStreamLocalForwarding", "1", "write yes, all, no, local or remote" },
        { "DisableForwarding", "maybe", YesOrNo },
        { "GatewayPorts", "client", "write yes, no or clientspecified" },
        { "PermitOpen", "db", "write host:port such as db.example.com:5432 or [::1]:*, or any or none alone" },
        { "PermitListen", "localhost:0", "write port or host:port such as 8080 or localhost:*, or any or none alone" },
        { "StreamLocalBindMask", "888", "write an octal number from 0 to 0777, as in 0177" },
        { "StreamLocalBindUnlink", "maybe", YesOrNo },
        { "ForceCommand", "a\u0001b", "write a command, or none" },
        { "AditPermitOpen", "db:5432 \"\"", "is no rule: write host:port" },
        { "AditPermitListen", "\"\"", "is no rule: write host:port" },
        { "AditPermitFrom", "10.0.0.1 10.0.0.2", "it takes one value" },
        { "AditPermitExec", "maybe", YesOrNo },
        { "AditMaxConnections", "many", "write a number from 0, or none" },
        { "AditMaxChannels", "-1", "write a number from 0, or none" },
        { "AditMaxListeners", "1.5", "write a number from 0, or none" },
        { "AditBandwidth", "10X", "write bytes, as in 500K, 10M or 1G, or none" },
        { "AditMaxBytes", "0", "write bytes, as in 500K, 10M or 1G, or none" },
        { "AditMaxSession", "x", Time },
        { "AditTlsListen", "5432", "write [ADDRESS:]PORT TARGET_HOST:PORT" },
        { "AditTlsListen", "5432 db", "is not an endpoint; write host:port" },
        { "AditTlsListen", "5432 db:0", "write [ADDRESS:]PORT TARGET_HOST:PORT" },
        { "AditTlsListen", "::1:5432 db:5432", "write an IPv6 address in brackets" },
        { "AditTlsListen", "/run/x db:5432", "write [ADDRESS:]PORT TARGET_HOST:PORT" },
        { "AditTlsListen", "70000 db:5432", "\"70000\" is not a port" },
        { "AditTlsListen", "5432 db:5432 mysql", "write [ADDRESS:]PORT TARGET_HOST:PORT" },
        { "AditTlsCertificate", "a b", "it takes one value; put quotes around blanks" },
        { "AditTlsKey", "a b", "it takes one value; put quotes around blanks" },
        { "AditTlsClientCA", "a b", "it takes one value; put quotes around blanks" },
        { "AditTlsClientCRL", "a b", "it takes one value; put quotes around blanks" },
        { "AditTlsUser", "joe", "write a user's name and rules such as CN=joe" },
        { "AditTlsUser", "-joe CN=joe", "\"-joe\" cannot be the name of a user" },
        { "AditTlsUser", "joe joe", "\"joe\" is no rule: write CN=name, OU=name, DNS=name, URI=uri or SPKI=sha256:digest" },
        { "AditTlsUser", "joe CN=", "is no rule" },
        { "AditTlsUser", "joe MAIL=joe", "is no rule" },
        { "AditTlsUser", "joe CN=jo*", "CN and OU are compared as they are" },
        { "AditTlsUser", "joe DNS=db-*.example.com", "* stands for a whole part between two \".\"" },
        { "AditTlsUser", "joe URI=spiffe://**/db", "and ** for all that is left, at the end" },
        { "AditTlsUser", "joe SPKI=0102", "write SPKI=sha256: and the 64 hexadecimal digits" },
        { "AditTlsUser", "joe SPKI=sha256:0102", "write SPKI=sha256: and the 64 hexadecimal digits" },
        { "AuthorizedKeysCommand", "/bin/keys", "the gateway asks no command for keys; write none, or leave it out" },
        { "AuthorizedPrincipalsCommand", "/bin/principals %u", "the gateway asks no command for principals; write none, or leave it out" },
        { "ChrootDirectory", "/srv", "write none, or leave it out" },
        { "HostKeyAgent", "/run/agent", "write none, or leave it out" },
        { "PermitTunnel", "point-to-point", "write no, or leave it out" },
        { "PubkeyAuthOptions", "verify-required", "write none, or leave it out" },
        { "RDomain", "1", "write none, or leave it out" },
        { "UseDNS", "yes", "the gateway decides by addresses and does not look up the names of clients; write no, or leave it out" },
    };

    public static TheoryData<string> KeywordsOfMatch =>
        [.. SshdKeywords.Table.Where(keyword => !keyword.IsGlobal && keyword.Fate != KeywordFate.Ignored).Select(keyword => keyword.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(WrongValues))]
    public void A_wrong_value_is_named_with_its_place_and_what_is_expected(string keyword, string value, string expected)
    {
        string message = _folder.Error($"# one\n\n{keyword} {value}\n");
        Assert.StartsWith($"{_folder.MainFile}:3: ", message, StringComparison.Ordinal);
        Assert.Contains(keyword, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_keyword_that_is_not_ignored_has_a_wrong_value_among_these_tests() =>
        Assert.Equal(
            SshdKeywords.Table.Where(keyword => keyword.Fate != KeywordFate.Ignored).Select(keyword => keyword.Name).Order(StringComparer.Ordinal),
            WrongValues.Select(row => (string)row[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(KeywordsOfMatch))]
    public void A_wrong_value_is_found_in_a_block_that_holds_for_nobody(string keyword)
    {
        object[] row = WrongValues.First(row => (string)row[0] == keyword);
        string message = _folder.Error($"Match User nobody LocalPort 1\n{keyword} {row[1]}\n");
        Assert.StartsWith($"{_folder.MainFile}:2: ", message, StringComparison.Ordinal);
        Assert.Contains((string)row[2], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Prot 22", ":1: unknown keyword \"Prot\"; the nearest known one is Port")]
    [InlineData("\nAditPermitOpn db:1", ":2: unknown keyword \"AditPermitOpn\"; the nearest known one is AditPermitOpen")]
    [InlineData("AditFrobnicate yes", ":1: unknown keyword \"AditFrobnicate\"")]
    [InlineData("Match User x\nFrobnicate yes", ":2: unknown keyword \"Frobnicate\"")]
    [InlineData("IgnoreUnknown X", ":1: unknown keyword \"IgnoreUnknown\"")]
    [InlineData("Match User x\nPort 22", ":2: Port may not stand in a Match block")]
    [InlineData("Match User x\nPrintMotd no", ":2: PrintMotd may not stand in a Match block")]
    [InlineData("Match User x\nAditAuditLog /x", ":2: AditAuditLog may not stand in a Match block")]
    [InlineData("Match Frob x", ":1: unknown criterion \"Frob\" in Match")]
    [InlineData("Match Usr x", ":1: unknown criterion \"Usr\" in Match; the nearest known one is user")]
    [InlineData("Match User", ":1: Match user needs an argument")]
    [InlineData("Match User x Group", ":1: Match group needs an argument")]
    [InlineData("Match !User x", ":1: Match has no !user; put the ! in front of the pattern")]
    [InlineData("Match all User x", ":1: Match all stands alone")]
    [InlineData("Match !all", ":1: Match all stands alone")]
    [InlineData("Match Host db", ":1: Match host is not served; write User, Group, Address, LocalAddress, LocalPort or All (names of clients are not looked up: write Address)")]
    [InlineData("Match RDomain 1", ":1: Match rdomain is not served")]
    [InlineData("Match Version *", ":1: Match version is not served")]
    [InlineData("Match Invalid-User", ":1: Match invalid-user is not served")]
    [InlineData("Match LocalPort 0", ":1: Match localport cannot be \"0\": write a number from 1 to 65535")]
    [InlineData("ListenAddress 127.0.0.1 rdomain 1", ":1: ListenAddress cannot be \"127.0.0.1 rdomain 1\": routing domains are not served")]
    [InlineData("ListenAddress *:22", ":1: ListenAddress cannot be")]
    [InlineData("ListenAddress 127.0.0.1:70000", ":1: ListenAddress cannot be")]
    [InlineData("ListenAddress [::1", ":1: ListenAddress cannot be")]
    [InlineData("ListenAddress [::1]22", ":1: ListenAddress cannot be")]
    [InlineData("ListenAddress a::b::c", ":1: ListenAddress cannot be \"a::b::c\"")]
    [InlineData("AddressFamily inet\nPort 1\nListenAddress ::1", ":3: ListenAddress cannot be \"::1\": AddressFamily inet excludes it")]
    [InlineData("AuthorizedKeysFile a none", ":1: AuthorizedKeysFile cannot be \"a none\": none stands alone")]
    [InlineData("ChannelTimeout session=5m none", ":1: ChannelTimeout cannot be")]
    [InlineData("ChannelTimeout session=x", ":1: ChannelTimeout cannot be \"session=x\": write seconds")]
    [InlineData("PerSourcePenalties yes min:1", ":1: PerSourcePenalties cannot be")]
    [InlineData("PerSourcePenalties min:x", ":1: PerSourcePenalties cannot be \"min:x\": write seconds")]
    [InlineData("PerSourcePenalties overflow:all", ":1: PerSourcePenalties cannot be \"overflow:all\": overflow takes deny-all or permissive")]
    [InlineData("PerSourcePenalties max-sources4:0", ":1: PerSourcePenalties cannot be \"max-sources4:0\": max-sources4 takes a number from 1")]
    [InlineData("AuthenticationMethods keyboard-interactive:pam", ":1: AuthenticationMethods cannot be")]
    [InlineData("AuthenticationMethods any publickey", ":1: AuthenticationMethods cannot be")]
    [InlineData("Banner ~nobody-here/x", ":1: the home directory of another user is not looked up")]
    [InlineData("Banner", ":1: no argument after the keyword \"Banner\"")]
    [InlineData("Banner \"x", ":1: a quote is not closed")]
    [InlineData("Include \"\"", ":1: Include of an empty name")]
    public void What_cannot_be_understood_is_an_error_with_its_place(string text, string expected) =>
        Assert.StartsWith(_folder.MainFile + expected, _folder.Error(text), StringComparison.Ordinal);

    [Fact]
    public void An_error_in_an_included_file_names_that_file()
    {
        string path = _folder.Write("d/one", "\nPort x\n");
        Assert.StartsWith($"{path}:2: Port cannot be", _folder.Error("Include {folder}/d/*\n"), StringComparison.Ordinal);
        _folder.Write("d/one", "\nPort 22\n");
        Assert.StartsWith($"{path}:2: Port may not stand in a Match block", _folder.Error("Match User x\nInclude {folder}/d/*\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_included_file_that_cannot_be_read_is_an_error_at_its_Include()
    {
        Directory.CreateDirectory(System.IO.Path.Join(_folder.Path, "d"));
        Assert.StartsWith($"{_folder.MainFile}:2: Include: {_folder.Path}/d: cannot be read: ", _folder.Error("\nInclude {folder}/d\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_include_each_other_are_an_error()
    {
        _folder.Write("a", $"Include {_folder.Path}/b\n");
        _folder.Write("b", $"Include {_folder.Path}/a\n");
        Assert.Contains("Include goes deeper than 16 files", _folder.Error("Include {folder}/a\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void More_ports_than_sshd_takes_are_an_error()
    {
        string ports = string.Concat(Enumerable.Range(1, 257).Select(port => $"Port {port}\n"));
        Assert.StartsWith($"{_folder.MainFile}:257: these are more than 256 ports", _folder.Error(ports), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error()
    {
        ConfigException error = Assert.Throws<ConfigException>(() => SshdConfig.Read(_folder.MainFile, []));
        Assert.Equal($"{_folder.MainFile}: the configuration file does not exist", error.Message);
    }

    [Theory]
    [InlineData("Match User=x")]
    [InlineData("Include /x")]
    public void What_structures_a_file_is_no_option(string option) =>
        Assert.Contains("belongs in a file", _folder.Error("", ConfigFolder.Option(option)), StringComparison.Ordinal);

    [Fact]
    public void A_wrong_option_names_the_command_line() =>
        Assert.StartsWith("command line: MaxSessions cannot be \"x\"", _folder.Error("", ConfigFolder.Option("MaxSessions=x")), StringComparison.Ordinal);
}
