using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Kex;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.OpenSsh;

public sealed class SshConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private LocalUser Joe => new()
    {
        Name = "joe",
        Id = "1000",
        Home = Path.Join(_folder.Path, "home"),
        HostName = "here.example.com",
        Variable = name => name switch { "KEYS" => "/keys", "SSH_AUTH_SOCK" => "/run/agent", "OTHER_AGENT" => "/run/other", _ => null },

        // What a mutated Match exec says must never run.
        Machine = new() { Succeeds = _ => false, CanonicalName = (_, _) => null },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_files_the_defaults_hold()
    {
        HostConfig config = Resolve("Db.Example.com");
        Assert.Equal(("Db.Example.com", "db.example.com", "joe", 22), (config.Alias, config.HostName, config.User, config.Port));
        Assert.Equal((HostKeyChecking.Ask, false, null), (config.StrictHostKeyChecking, config.HashKnownHosts, config.HostKeyAlias));
        Assert.Equal((TimeSpan.Zero, 3, true, null, 1), (config.ServerAliveInterval, config.ServerAliveCountMax, config.TcpKeepAlive, config.ConnectTimeout, config.ConnectionAttempts));
        Assert.Equal((false, false, false), (config.ExitOnForwardFailure, config.GatewayPorts, config.BatchMode));
        Assert.Equal((AddressFamily.Unspecified, null, RekeyLimit.Default), (config.AddressFamily, config.BindAddress, config.RekeyLimit));
        Assert.Equal((LogVerbosity.Info, SessionType.Default), (config.LogLevel, config.SessionType));
        Assert.Equal([$"{Joe.Home}/.ssh/id_rsa", $"{Joe.Home}/.ssh/id_ecdsa", $"{Joe.Home}/.ssh/id_ed25519"], config.IdentityFiles.Select(file => file.Value));
        Assert.All(config.IdentityFiles, file => Assert.Equal(ConfigSource.Default, file.Source));
        Assert.Equal([$"{Joe.Home}/.ssh/known_hosts", $"{Joe.Home}/.ssh/known_hosts2"], config.UserKnownHostsFiles.AsEnumerable());
        Assert.Equal(["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"], config.GlobalKnownHostsFiles.AsEnumerable());
        Assert.Equal(["publickey", "keyboard-interactive", "password"], config.Authentications.AsEnumerable());
        Assert.Equal("/run/agent", config.IdentityAgent);
        Assert.Equal(AlgorithmPreferences.Default.Ciphers, config.Algorithms.Ciphers);
        Assert.False(config.HostKeyAlgorithmsChosen);
        Assert.Empty(config.LocalForwards);
        Assert.Empty(config.Notes);
        Assert.Empty(config.Files);
    }

    [Fact]
    public void Options_come_before_the_user_s_file_and_that_before_the_system_s()
    {
        User("Port 2\nUser two\nIdentityFile /k2\n");
        System("Port 3\nUser three\nConnectTimeout 3\nIdentityFile /k3\n");
        HostConfig config = Resolve("h", ConfigLine.Option("-p", "Port", "1"), ConfigLine.Option("-i", "IdentityFile", "/k1"));
        Assert.Equal((1, "two", TimeSpan.FromSeconds(3)), (config.Port, config.User, config.ConnectTimeout));
        Assert.Equal(["/k1", "/k2", "/k3"], config.IdentityFiles.Select(file => file.Value));
        Assert.Equal(["-i", $"{Joe.Home}/.ssh/config:3", $"{_folder.Path}/ssh_config:4"], config.IdentityFiles.Select(file => file.Source.ToString()));
        Assert.Equal([$"{Joe.Home}/.ssh/config", $"{_folder.Path}/ssh_config"], config.Files.AsEnumerable());
    }

    [Theory]
    [InlineData("# note\u2028HostName evil.example")]
    [InlineData("# note\u0085HostName evil.example")]
    [InlineData("# note\fHostName evil.example")]
    [InlineData("# note\rHostName evil.example")]
    public void What_a_comment_holds_stays_a_comment(string line)
    {
        User($"{line}\nPort 2\n");
        HostConfig config = Resolve("db");
        Assert.Equal(("db", 2), (config.HostName, config.Port));
    }

    [Fact]
    public void F_reads_one_file_alone_and_none_reads_nothing()
    {
        User("Port 2\n");
        System("ConnectTimeout 3\n");
        string given = _folder.Write("given", "User given\n");
        HostConfig config = SshConfig.Resolve("h", [], given, Joe, _folder.Path);
        Assert.Equal((22, "given", null), (config.Port, config.User, config.ConnectTimeout));
        config = SshConfig.Resolve("h", [], "none", Joe, _folder.Path);
        Assert.Equal((22, "joe", null), (config.Port, config.User, config.ConnectTimeout));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_user_s_file_that_others_may_write_is_refused()
    {
        foreach (UnixFileMode mode in (UnixFileMode[])[UnixFileMode.GroupWrite, UnixFileMode.OtherWrite])
        {
            string path = User("Port 2\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | mode);
            Assert.Contains("others may write this file", Error("h"), StringComparison.Ordinal);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            Assert.Equal(2, Resolve("h").Port);
        }
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void An_included_file_that_others_may_write_is_refused()
    {
        User("Include more\n");
        string path = _folder.Write("home/.ssh/more", "Port 2\n");
        Assert.Equal(2, Resolve("h").Port);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.Contains($"{path}: others may write this file", Error("h"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Prot 22", ":1: unknown keyword \"Prot\"; the nearest known one is Port")]
    [InlineData("\n\nFrobnicate yes", ":3: unknown keyword \"Frobnicate\"")]
    [InlineData("Host other\nFrobnicate yes", ":2: unknown keyword \"Frobnicate\"")]
    [InlineData("Host other\nPort many", ":2: Port cannot be \"many\": write a number from 1 to 65535")]
    [InlineData("Port 22 23", ":1: Port cannot be \"22 23\": it takes one value")]
    [InlineData("StrictHostKeyChecking perhaps", ":1: StrictHostKeyChecking cannot be \"perhaps\": write ask, yes, accept-new or no")]
    [InlineData("BatchMode maybe", ":1: BatchMode cannot be \"maybe\": write yes or no")]
    [InlineData("ConnectTimeout 1x", ":1: ConnectTimeout cannot be \"1x\": write seconds, or a time such as 1m30s")]
    [InlineData("ConnectTimeout s", ":1: ConnectTimeout cannot be")]
    [InlineData("ConnectTimeout 99999999999", ":1: ConnectTimeout cannot be")]
    [InlineData("AddressFamily ipv4", ":1: AddressFamily cannot be \"ipv4\": write any, inet or inet6")]
    [InlineData("LogLevel loud", ":1: LogLevel cannot be \"loud\"")]
    [InlineData("SessionType shell", ":1: SessionType cannot be \"shell\"")]
    [InlineData("RekeyLimit 15", ":1: RekeyLimit cannot be \"15\": at least 16 bytes are needed")]
    [InlineData("RekeyLimit 99999999999G", ":1: RekeyLimit cannot be")]
    [InlineData("RekeyLimit 1G 1h x", ":1: RekeyLimit cannot be")]
    [InlineData("LocalForward 5432", ":1: LocalForward: \"5432\" is not a local forward: the target is missing")]
    [InlineData("LocalForward 1 a:2 b", ":1: LocalForward cannot be \"1 a:2 b\"")]
    [InlineData("LocalForward ${NOWHERE}:a:2", ":1: the environment has no variable NOWHERE")]
    [InlineData("LocalForward /tmp/%z:a:2", ":1: the token %z is not known here")]
    [InlineData("IdentityFile /k%", ":1: \"/k%\" ends in the midst of a token")]
    [InlineData("IdentityFile ${KEYS/x", ":1: a brace is not closed")]
    [InlineData("IdentityFile ~nobody/x", ":1: the home directory of another user is not looked up")]
    [InlineData("HostName %p", ":1: the token %p is not known here")]
    [InlineData("BindAddress eth0", ":1: BindAddress cannot be \"eth0\": write an address of this machine")]
    [InlineData("HostName a/b", ":1: \"a/b\" is not a host name or address")]
    [InlineData("HostName ::g", ":1: \"::g\" is not an IPv6 address")]
    [InlineData("User \"\"", ":1: User cannot be \"\"")]
    [InlineData("Ciphers aes128-cbc,3des-cbc", ":1: Ciphers \"aes128-cbc,3des-cbc\" leaves no algorithm; served are")]
    [InlineData("MACs -*", ":1: MACs \"-*\" leaves no algorithm")]
    [InlineData("UserKnownHostsFile a none", ":1: UserKnownHostsFile cannot be \"a none\": none stands alone")]
    [InlineData("Match", ":1: no argument after the keyword \"Match\"")]
    [InlineData("Match hots a", ":1: unknown criterion \"hots\" in Match; the nearest known one is host")]
    [InlineData("Match host", ":1: Match host needs an argument")]
    [InlineData("Match all user joe", ":1: Match all stands alone")]
    [InlineData("Match !all", ":1: Match all stands alone")]
    [InlineData("Include ~other/x", ":1: the home directory of another user is not looked up")]
    public void An_error_names_file_and_line(string text, string message)
    {
        string path = User(text);
        Assert.StartsWith(path + message, Error("h"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Tunnel yes", "Tunnel applies to this destination")]
    [InlineData("Tunnel point-to-point", "Tunnel applies to this destination")]
    [InlineData("VerifyHostKeyDNS yes", "VerifyHostKeyDNS applies to this destination")]
    [InlineData("VerifyHostKeyDNS ask", "VerifyHostKeyDNS applies to this destination")]
    [InlineData("ProxyUseFdpass yes\nProxyCommand nc %h %p", "ProxyUseFdpass applies to this destination")]
    [InlineData("RefuseConnection \"not today\"", "RefuseConnection: not today")]
    public void What_must_not_be_ignored_is_refused_where_it_applies_and_only_there(string lines, string named)
    {
        string path = User($"Host affected\n{lines}\n");
        Assert.StartsWith($"{path}:2: {named}", Error("affected"), StringComparison.Ordinal);
        Assert.Empty(Resolve("other").Notes);
    }

    [Theory]
    [InlineData("Tunnel no")]
    [InlineData("VerifyHostKeyDNS no")]
    [InlineData("ProxyUseFdpass yes")]
    [InlineData("ProxyUseFdpass yes\nProxyJump b")]
    [InlineData("CanonicalizeHostname no")]
    [InlineData("ClearAllForwardings yes\nRemoteForward 8080 localhost:80\nDynamicForward 1080\nLocalForward 1 a:2")]
    public void A_value_that_asks_for_nothing_is_not_refused(string lines)
    {
        User(lines);
        HostConfig config = Resolve("h");
        Assert.Empty(config.LocalForwards.Concat(config.RemoteForwards).Concat(config.DynamicForwards));
        Assert.Empty(config.Notes);
    }

    [Fact]
    public void A_keyword_without_effect_is_noted_once_with_its_place_and_the_reason()
    {
        string path = User("ForwardX11 yes\nForwardX11 no\nhost other\nForwardAgent yes\n");
        Assert.Equal([$"{path}:1: ForwardX11 has no effect: X11 is not forwarded"], Resolve("h").Notes.AsEnumerable());
    }

    [Fact]
    public void Tokens_and_variables_are_replaced()
    {
        User("HostName %h.example\nPort 2222\nUser ann\nHostKeyAlias KEY\nUserKnownHostsFile ${KEYS}/%n ~/%k\nGlobalKnownHostsFile ~/%n\n"
            + "IdentityFile ~/%d%u%i%%\nIdentityFile ~joe/%L-%l\nCertificateFile %h:%p:%r:%n:%k:%j\nIdentityAgent ${KEYS}/%C\n");
        HostConfig config = Resolve("h");
        string home = Joe.Home;
        Assert.Equal(["/keys/h", $"{home}/key"], config.UserKnownHostsFiles.AsEnumerable());
        Assert.Equal([$"{home}/%n"], config.GlobalKnownHostsFiles.AsEnumerable());
        Assert.Equal([$"{home}/{home}joe1000%", $"{home}/here-here.example.com"], config.IdentityFiles.Select(file => file.Value));
        Assert.Equal("h.example:2222:ann:h:key:", Assert.Single(config.CertificateFiles).Value);
        // printf %s here.example.comh.example2222ann | sha1sum
        Assert.Equal("/keys/1ad7bb93227cbca068f47b1cfcd19b36ae595889", config.IdentityAgent);
    }

    [Theory]
    [InlineData("none", null)]
    [InlineData("SSH_AUTH_SOCK", "/run/agent")]
    [InlineData("$OTHER_AGENT", "/run/other")]
    [InlineData("${OTHER_AGENT}", "/run/other")]
    [InlineData("$NO_AGENT", null)]
    [InlineData("/run/%r", "/run/joe")]
    public void The_agent_is_found(string value, string? path)
    {
        User($"IdentityAgent {value}\n");
        Assert.Equal(path, Resolve("h").IdentityAgent);
    }

    [Fact]
    [Trait("Surface", "S1-17")]
    public void GatewayPorts_opens_the_forwards_without_a_bind_address()
    {
        User("GatewayPorts yes\nLocalForward 1 a:2\nLocalForward localhost:3 a:2\nLocalForward /tmp/s a:2\nLocalForward 1 a:2\n");
        Assert.Equal(["*:1:a:2", "localhost:3:a:2", "/tmp/s:a:2"], Resolve("h").LocalForwards.Select(forward => forward.Value.ToString()));
    }

    [Theory]
    [InlineData("", "publickey keyboard-interactive password")]
    [InlineData("PreferredAuthentications password,gssapi-with-mic,publickey", "password publickey")]
    [InlineData("PubkeyAuthentication no", "keyboard-interactive password")]
    [InlineData("KbdInteractiveAuthentication no\nPasswordAuthentication no", "publickey")]
    [InlineData("BatchMode yes", "publickey")]
    public void Authentications_are_those_preferred_and_enabled(string lines, string expected)
    {
        User(lines);
        Assert.Equal(expected, string.Join(' ', Resolve("h").Authentications));
    }

    [Theory]
    [InlineData("aes256-ctr,aes128-ctr", "aes256-ctr,aes128-ctr")]
    [InlineData("aes256-ctr,aes128-cbc,aes256-ctr", "aes256-ctr")]
    [InlineData("-aes*,3des-cbc", "chacha20-poly1305@openssh.com")]
    public void An_algorithm_list_is_kept_in_its_order(string value, string expected)
    {
        User($"Ciphers {value}\n");
        Assert.Equal(expected, string.Join(',', Resolve("h").Algorithms.Ciphers));
    }

    [Fact]
    public void A_head_goes_first_and_an_unserved_addition_is_noted()
    {
        string path = User("Ciphers ^aes256-ctr,nonsense\nHostKeyAlgorithms +ssh-rsa\nMACs +hmac-sha2-256\n");
        HostConfig config = Resolve("h");
        IReadOnlyList<string> all = AlgorithmPreferences.Default.Ciphers;
        Assert.Equal(["aes256-ctr", .. all.Where(name => name != "aes256-ctr")], config.Algorithms.Ciphers);
        Assert.Equal(AlgorithmPreferences.Default.HostKeys, config.Algorithms.HostKeys);
        Assert.Equal(AlgorithmPreferences.Default.Macs, config.Algorithms.Macs);
        Assert.True(config.HostKeyAlgorithmsChosen);
        Assert.Equal(
            [$"{path}:2: HostKeyAlgorithms: ssh-rsa is not served and left out", $"{path}:1: Ciphers: nonsense is not served and left out"],
            config.Notes.AsEnumerable());
    }

    [Theory]
    [InlineData("2G", 2L << 30, 3600)]
    [InlineData("512M 30m", 512L << 20, 1800)]
    [InlineData("default none", 1L << 30, -1)]
    [InlineData("0 2h", 1L << 30, 7200)]
    [InlineData("100000", 100000, 3600)]
    public void The_rekey_limit_is_read(string value, long bytes, int seconds)
    {
        User($"RekeyLimit {value}\n");
        Assert.Equal(
            new RekeyLimit(bytes, seconds < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds)), Resolve("h").RekeyLimit);
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("1m30", 90)]
    [InlineData("1M30S", 90)]
    [InlineData("1w2d", 9 * 86400)]
    [InlineData("none", null)]
    [InlineData("0", null)]
    [InlineData("2147483647", 24 * 86400)]
    public void A_time_is_read_and_cut_at_what_a_timer_takes(string value, int? seconds)
    {
        User($"ConnectTimeout {value}\n");
        Assert.Equal(seconds, (int?)Resolve("h").ConnectTimeout?.TotalSeconds);
    }

    [Fact]
    public void An_include_that_includes_itself_is_refused()
    {
        User("Include loop\n");
        string path = _folder.Write("home/.ssh/loop", "Include loop\n");
        Assert.Equal($"{path}:1: Include goes deeper than 16 files", Error("h"));
        _folder.Write("home/.ssh/loop", "Include lo*\nInclude l*p\n");
        Assert.Contains("Include goes deeper", Error("h"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_and_lines_have_limits()
    {
        string path = User("# " + new string('x', ConfigLine.MaxLength) + "\n");
        Assert.Equal($"{path}:1: the line is longer than 64 KiB", Error("h"));
        User(string.Concat(Enumerable.Repeat("# comment\n", (ConfigFile.MaxBytes / 10) + 1)));
        Assert.Equal($"{path}: the file is larger than 1 MiB", Error("h"));
        User($"IdentityFile {string.Concat(Enumerable.Repeat("%d", 30_000))}\n");
        Assert.Contains(":1: the value grows too long", Error("h"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_in_the_place_of_a_file_is_an_error()
    {
        Directory.CreateDirectory(Path.Join(Joe.Home, ".ssh", "config"));
        Assert.Contains("cannot be read", Error("h"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a\nb")]
    [InlineData("a b")]
    [InlineData("[::1]")]
    public void What_cannot_be_a_destination_is_refused(string alias) =>
        Assert.Matches("^command line: (?s:.*) is not a ", Error(alias));

    [Fact]
    public void Random_bytes_only_ever_give_a_configuration_error() =>
        Prop.ForAll<byte[]>(bytes => ReadsOrRefuses(bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void Mutated_files_only_ever_give_a_configuration_error()
    {
        byte[][] files = [.. Directory.GetFiles(Path.Join(AppContext.BaseDirectory, "OpenSsh", "configs")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Gen<byte[]> mutated =
            from file in Gen.Elements(files)
            from cuts in Gen.ListOf(from at in Gen.Choose(0, file.Length - 1) from value in Gen.Choose(0, 255) select (at, (byte)value))
            from from_ in Gen.Choose(0, file.Length - 1)
            select Mutate(file, cuts, from_);
        Prop.ForAll(Arb.From(mutated), bytes => ReadsOrRefuses(bytes)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Shuffled_words_only_ever_give_a_configuration_error()
    {
        Gen<string> word = Gen.Elements(
            [.. Keywords.Names, "*", "!h", "h", "host", "all", "final", "user", "joe", "1", "-1", "1m", "yes", "none", "%h", "%", "~", "${KEYS}", "${", "\"", "'", "#", "=", "+a", "^*", "a:1", "[::1]:2", "/x", "1G"]);
        Gen<string> line = Gen.ArrayOf(word, 4).Select(words => string.Join(' ', words));
        Prop.ForAll(Arb.From(Gen.ArrayOf(line).Select(lines => string.Join('\n', lines))), text => ReadsOrRefuses(Encoding.UTF8.GetBytes(text)))
            .QuickCheckThrowOnFailure();
    }

    private static byte[] Mutate(byte[] file, IEnumerable<(int At, byte Value)> changes, int from)
    {
        byte[] bytes = [.. file];
        foreach ((int at, byte value) in changes)
            bytes[at] = value;
        return bytes[^1] % 2 == 0 ? bytes : bytes[from..];
    }

    private void ReadsOrRefuses(byte[] bytes)
    {
        string path = Path.Join(_folder.Path, "fuzz");
        File.WriteAllBytes(path, bytes);
        try
        {
            Assert.NotEmpty(SshConfig.Resolve("h", [], path, Joe, _folder.Path).HostName);
        }
        catch (ConfigException e)
        {
            Assert.NotEmpty(e.Message);
        }
    }

    private string User(string text) => _folder.Write("home/.ssh/config", text);

    private void System(string text) => _folder.Write("ssh_config", text);

    private HostConfig Resolve(string alias, params ConfigLine[] options) => SshConfig.Resolve(alias, options, null, Joe, _folder.Path);

    private string Error(string alias) => Assert.Throws<ConfigException>(() => Resolve(alias)).Message;
}
