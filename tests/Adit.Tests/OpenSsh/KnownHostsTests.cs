using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

/// <summary>What known_hosts files say. The verdicts of these tables were compared with the behaviour of OpenSSH 9.2's ssh.</summary>
[Trait("Surface", "S1-10")]
public sealed class KnownHostsTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private readonly List<string> _warnings = [];

    [Theory]
    [InlineData("db {ed}", "db", 22, true)]
    [InlineData("db {ed} a comment", "db", 22, true)]
    [InlineData("\t db\t {ed}\t#x", "db", 22, true)]
    [InlineData("DB {ed}", "Db", 22, true)]
    [InlineData("db.example {ed}", "db", 22, false)]
    [InlineData("web,db,app {ed}", "db", 22, true)]
    [InlineData("web,,app {ed}", "db", 22, false)]
    [InlineData("*.example {ed}", "db.example", 22, true)]
    [InlineData("*.example {ed}", "example", 22, false)]
    [InlineData("d? {ed}", "db", 22, true)]
    [InlineData("d? {ed}", "d", 22, false)]
    [InlineData("*,!db {ed}", "db", 22, false)]
    [InlineData("*,!db {ed}", "web", 22, true)]
    [InlineData("!db,* {ed}", "db", 22, false)]
    [InlineData("!web {ed}", "db", 22, false)]
    [InlineData("[db]:2222 {ed}", "db", 2222, true)]
    [InlineData("[db]:2222 {ed}", "db", 22, false)]
    [InlineData("[db]:2222 {ed}", "db", 2223, false)]
    [InlineData("[*]:2222 {ed}", "db", 2222, true)]
    [InlineData("[db]:22 {ed}", "db", 22, false)]
    [InlineData("db:2222 {ed}", "db", 2222, false)]
    [InlineData("db {ed}", "db", 2222, true)]
    [InlineData("::1 {ed}", "::1", 22, true)]
    [InlineData("[::1]:2222 {ed}", "::1", 2222, true)]
    [InlineData("192.0.2.* {ed}", "192.0.2.7", 22, true)]
    [InlineData("#db {ed}", "db", 22, false)]
    [InlineData("@cert-authority db {ed}", "db", 22, false)]
    public void A_host_is_known_by_each_form_of_its_name(string line, string host, int port, bool known)
    {
        string path = keys.Write("", "# first", line);
        HostKeyVerdict verdict = Check(path, host, port, "ed");
        Assert.Equal((known ? HostKeyStatus.Known : HostKeyStatus.Unknown, known ? $"{path}:3" : null), (verdict.Status, verdict.Place));
        Assert.Empty(_warnings);
    }

    // With ssh 9.2 every row with Changed ends in "HOST IDENTIFICATION HAS CHANGED", with StrictHostKeyChecking ask and accept-new, too.
    [Theory]
    [InlineData("db {other}", HostKeyStatus.Changed, 1)]
    [InlineData("db {rsa}|db {other}", HostKeyStatus.Changed, 2)]
    [InlineData("db {rsa}", HostKeyStatus.Changed, 1)]
    [InlineData("db {ecdsa}|db {rsa}", HostKeyStatus.Changed, 1)]
    [InlineData("db {other}|db {ed}", HostKeyStatus.Known, 2)]
    [InlineData("db {rsa}|* {ed}", HostKeyStatus.Known, 2)]
    [InlineData("db {cert}", HostKeyStatus.Changed, 1)]
    [InlineData("db {dsa}", HostKeyStatus.KnownByUnservedKey, 1)]
    [InlineData("db {sk}", HostKeyStatus.KnownByUnservedKey, 1)]
    [InlineData("db {weak}", HostKeyStatus.KnownByUnservedKey, 1)]
    [InlineData("db {weak}|db {rsa}", HostKeyStatus.Changed, 2)]
    [InlineData("db {weak}|db {ed}", HostKeyStatus.Known, 2)]
    [InlineData("web {other}", HostKeyStatus.Unknown, 0)]
    [InlineData("@cert-authority db {other}", HostKeyStatus.Unknown, 0)]
    [InlineData("@cert-authority db {dsa}", HostKeyStatus.Unknown, 0)]
    [InlineData("@revoked db {other}", HostKeyStatus.Unknown, 0)]
    [InlineData("@revoked db {dsa}", HostKeyStatus.Unknown, 0)]
    [InlineData("@revoked db {ed}", HostKeyStatus.Revoked, 1)]
    [InlineData("db {ed}|@revoked * {ed}", HostKeyStatus.Revoked, 2)]
    [InlineData("db {ed}|@revoked * {cert}", HostKeyStatus.Revoked, 2)]
    [InlineData("db {ed}|@revoked web {ed}", HostKeyStatus.Known, 1)]
    [InlineData("db {broken}", HostKeyStatus.Unknown, 0)]
    public void A_plain_key_is_judged_by_all_lines_of_its_host(string lines, object status, int line) =>
        AssertVerdict(lines, "db", 22, "ed", (HostKeyStatus)status, line);

    [Theory]
    [InlineData("[db]:99 {other}", HostKeyStatus.Changed, 1)]
    [InlineData("db {ed}", HostKeyStatus.Known, 1)]
    [InlineData("db {other}", HostKeyStatus.Unknown, 0)]
    [InlineData("db {dsa}", HostKeyStatus.Unknown, 0)]
    [InlineData("db {ed}|[db]:99 {other}", HostKeyStatus.Changed, 2)]
    [InlineData("db {ed}|[db]:99 {rsa}", HostKeyStatus.Changed, 2)]
    [InlineData("db {ed}|[db]:99 {weak}", HostKeyStatus.KnownByUnservedKey, 2)]
    [InlineData("db {other}|[db]:99 {ed}", HostKeyStatus.Known, 2)]
    [InlineData("@revoked db {ed}", HostKeyStatus.Revoked, 1)] // ssh shows a warning, then adds the key with accept-new
    [InlineData("@revoked db {ed}|[db]:99 {other}", HostKeyStatus.Revoked, 1)]
    [InlineData("@revoked db {ed}|[db]:99 {ed}", HostKeyStatus.Known, 2)]
    [InlineData("@revoked * {ed}|[db]:99 {ed}", HostKeyStatus.Revoked, 1)]
    public void A_host_that_is_unknown_at_its_port_may_be_known_without_one(string lines, object status, int line) =>
        AssertVerdict(lines, "db", 99, "ed", (HostKeyStatus)status, line);

    [Theory]
    [InlineData("@cert-authority db {ca}", "cert", HostKeyStatus.Known, 1, null)]
    [InlineData("@cert-authority * {ca}|db {other}", "cert", HostKeyStatus.Known, 1, null)]
    [InlineData("@cert-authority db {otherca}|@cert-authority d* {ca}", "cert", HostKeyStatus.Known, 2, null)]
    [InlineData("@cert-authority web {ca}", "cert", HostKeyStatus.Unknown, 0, null)]
    [InlineData("@cert-authority db {otherca}", "cert", HostKeyStatus.Unknown, 0, null)]
    [InlineData("db {ca}", "cert", HostKeyStatus.Changed, 1, null)]
    [InlineData("db {ed}", "cert", HostKeyStatus.Known, 1, null)]
    [InlineData("db {cert}", "cert", HostKeyStatus.Changed, 1, null)]
    [InlineData("@cert-authority db {otherca}|db {ed}", "cert", HostKeyStatus.Known, 2, null)]
    [InlineData("@cert-authority db {otherca}|db {other}", "cert", HostKeyStatus.Changed, 2, null)]
    [InlineData("@cert-authority db {ca}|@revoked db {ca}", "cert", HostKeyStatus.Revoked, 2, null)]
    [InlineData("@cert-authority db {ca}|@revoked db {ed}", "cert", HostKeyStatus.Revoked, 2, null)]
    [InlineData("@cert-authority db {ca}|@revoked db {cert}", "cert", HostKeyStatus.Revoked, 2, null)]
    [InlineData("@cert-authority db {ca}|@revoked db {expired}", "cert", HostKeyStatus.Revoked, 2, null)]
    [InlineData("@cert-authority db {ca}", "expired", HostKeyStatus.CertificateRefused, 1, "expired")] // ssh takes it for a new plain key
    [InlineData("@cert-authority db {ca}", "elsewhere", HostKeyStatus.CertificateRefused, 1, "web")]
    [InlineData("@cert-authority db {ca}", "wild", HostKeyStatus.CertificateRefused, 1, "d*")]
    [InlineData("@cert-authority db {ca}", "nobody", HostKeyStatus.CertificateRefused, 1, "no principals")] // ssh 9.2 takes it for any host
    [InlineData("@cert-authority db {ca}|db {ed}", "expired", HostKeyStatus.Known, 2, "expired")]
    [InlineData("@cert-authority db {ca}|db {other}", "expired", HostKeyStatus.Changed, 2, "expired")]
    [InlineData("@cert-authority db {ca}|db {dsa}", "expired", HostKeyStatus.KnownByUnservedKey, 2, "expired")]
    [InlineData("@cert-authority db {ca}|@revoked db {ed}", "expired", HostKeyStatus.Revoked, 2, null)]
    public void A_certificate_is_judged_by_its_authority_then_by_its_plain_key(string lines, string presented, object status, int line, string? detail) =>
        AssertDetail(detail, AssertVerdict(lines, "DB", 22, presented, (HostKeyStatus)status, line));

    [Theory]
    [InlineData("@cert-authority [db]:99 {ca}", "cert", HostKeyStatus.Known, 1)]
    [InlineData("@cert-authority db {ca}", "cert", HostKeyStatus.Known, 1)]
    [InlineData("@cert-authority db {ca}|[db]:99 {other}", "cert", HostKeyStatus.Known, 1)]
    [InlineData("@cert-authority db {ca}|[db]:99 {other}", "expired", HostKeyStatus.Changed, 2)]
    [InlineData("@cert-authority db {ca}|@revoked [db]:99 {ca}", "cert", HostKeyStatus.Revoked, 2)]
    [InlineData("@cert-authority db {ca}|@revoked db {ca}", "cert", HostKeyStatus.Revoked, 2)]
    [InlineData("@cert-authority db {ca}", "expired", HostKeyStatus.CertificateRefused, 1)]
    [InlineData("@cert-authority db {ca}|db {ed}", "expired", HostKeyStatus.Known, 2)]
    [InlineData("db {ed}", "cert", HostKeyStatus.Known, 1)]
    [InlineData("db {ed}|[db]:99 {other}", "cert", HostKeyStatus.Changed, 2)] // ssh accepts the key without the port here
    public void An_authority_may_be_known_without_the_port(string lines, string presented, object status, int line) =>
        AssertVerdict(lines, "db", 99, presented, (HostKeyStatus)status, line);

    [Fact]
    public void A_verdict_names_the_key_that_was_known()
    {
        Assert.Equal(keys["other"], AssertVerdict("db {other}", "db", 22, "ed", HostKeyStatus.Changed, 1).KnownKey);
        Assert.Equal(keys["ca"], AssertVerdict("@cert-authority db {ca}", "db", 22, "cert", HostKeyStatus.Known, 1).KnownKey);
        Assert.Equal(keys["ed"], AssertVerdict("@cert-authority db {ca}|db {ed}", "db", 22, "expired", HostKeyStatus.Known, 2).KnownKey);
        Assert.Null(AssertVerdict("db {weak}", "db", 22, "ed", HostKeyStatus.KnownByUnservedKey, 1).KnownKey);
        AssertDetail("1024 bits", AssertVerdict("db {weak}", "db", 22, "ed", HostKeyStatus.KnownByUnservedKey, 1));
    }

    [Fact]
    public void Files_are_read_in_their_order_and_missing_ones_left_out()
    {
        string first = keys.Write("db {other}");
        string second = keys.Write("", "db {ed}", "web {ed}");
        KnownHosts known = KnownHosts.Load([Path.Combine(keys.Folder, "none"), "/nonexistent/folder/known_hosts", first, second], _warnings.Add);
        Assert.Equal($"{second}:2", known.Check("db", 22, keys["ed"], HostKeys.Now).Place);
        Assert.Equal($"{first}:1", known.Check("db", 22, keys["rsa"], HostKeys.Now).Place);
        Assert.Equal($"{second}:3", known.Check("web", 22, keys["ed"], HostKeys.Now).Place);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("@foo db {ed}", "unknown marker \"@foo\"")]
    [InlineData("@revoked", "are needed")]
    [InlineData("@revoked @cert-authority db {ed}", "one marker")]
    [InlineData("db", "are needed")]
    [InlineData("db ssh-ed25519", "are needed")]
    [InlineData("db ssh-ed25519 AAAA!", "not base64")]
    [InlineData("db ssh-ed25519 AAAA", "cut off")]
    [InlineData("db ssh-ed25519 AAAAC3NzaC1l", "cut off")]
    [InlineData("db ssh-ed25519 /////3NzaC1l", "cut off")]
    [InlineData("db ssh-rsa AAAAC3NzaC1lZDI1NTE5", "not of type ssh-rsa")]
    [InlineData("db 1024 35 1234567", "the key is")]
    [InlineData("|1|abc|def {ed}", "hashed host name")]
    [InlineData("|2|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= {ed}", "hashed host name")]
    [InlineData("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA=,db {ed}", "hashed host name")]
    [InlineData("db {broken}", "Ed25519")]
    public void A_malformed_line_is_named_and_passed_over(string line, string reason)
    {
        string path = keys.Write("web {ed}", line, "db {ed}");
        Assert.Equal($"{path}:3", Check(path, "db", 22, "ed").Place);
        string warning = Assert.Single(_warnings);
        Assert.StartsWith($"{path}:2: ", warning, StringComparison.Ordinal);
        Assert.Contains(reason, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_malformed_key_of_another_host_is_no_concern()
    {
        Check(keys.Write("web {broken}", "db {ed}"), "db", 22, "ed");
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(16 * 1024, true)]
    [InlineData(16 * 1024 + 1, false)]
    public void A_line_of_more_than_16_KiB_is_passed_over(int length, bool read)
    {
        string path = keys.Write(keys.Fill("db {ed} ").PadRight(length, '#'));
        Assert.Equal(read ? HostKeyStatus.Known : HostKeyStatus.Unknown, Check(path, "db", 22, "ed").Status);
        Assert.Equal(read ? [] : [$"{path}:1: the line has more than 16384 bytes; the line is passed over"], _warnings);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_file_of_more_than_16_MiB_is_left_out(int over, bool read)
    {
        string path = keys.Write("db {ed}");
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(16 * 1024 * 1024 + over);
        _warnings.Clear();
        Assert.Equal(read ? HostKeyStatus.Known : HostKeyStatus.Unknown, Check(path, "db", 22, "ed").Status);
        Assert.Contains(read ? "more than 16384 bytes" : "over the limit", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Equal(read, KnownHosts.Load([path], _warnings.Add).Unreadable is null);
    }

    [Fact]
    public void A_file_that_never_ends_is_left_out()
    {
        Assert.Equal(HostKeyStatus.Unknown, Check("/dev/zero", "db", 22, "ed").Status);
        Assert.Contains("/dev/zero cannot be read: it is over the limit", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_a_file_is_named()
    {
        Check(keys.Folder, "db", 22, "ed");
        Assert.StartsWith($"{keys.Folder} cannot be read: ", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_end_with_LF_and_with_CR_LF_but_not_with_CR()
    {
        string path = Path.Combine(keys.Folder, "ends");
        File.WriteAllText(path, keys.Fill("\uFEFFdb {ed} a\rweb {ed}\r\napp {ed}\r\n# end"));
        KnownHosts known = KnownHosts.Load([path], _warnings.Add);
        Assert.Equal($"{path}:1", known.Check("db", 22, keys["ed"], HostKeys.Now).Place);
        Assert.Equal($"{path}:2", known.Check("app", 22, keys["ed"], HostKeys.Now).Place);
        Assert.Equal(HostKeyStatus.Unknown, known.Check("web", 22, keys["ed"], HostKeys.Now).Status);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("", 22, "e c C p r P R E")]
    [InlineData("db {rsa}", 22, "r R e c C p P E")]
    [InlineData("db {rsa}|db {ecdsa384}", 22, "p r R e c C P E")]
    [InlineData("db {ed}", 22, "E e c C p r P R")]
    [InlineData("@cert-authority db {ca}", 22, "e c C p r P R E")]
    [InlineData("@cert-authority web {ca}|db {rsa}", 22, "r R e c C p P E")]
    [InlineData("@cert-authority db {dsa}|db {rsa}", 22, "r R e c C p P E")]
    [InlineData("@revoked db {rsa}", 22, "e c C p r P R E")]
    [InlineData("db {weak}|db {broken}|db {ed}", 22, "E e c C p r P R")]
    [InlineData("[db]:99 {rsa}", 22, "e c C p r P R E")]
    [InlineData("[db]:99 {rsa}|db {ed}", 99, "r R e c C p P E")]
    [InlineData("db {rsa}", 99, "r R e c C p P E")]
    public void The_algorithms_of_known_keys_come_first(string lines, int port, string expected)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["e"] = "ssh-ed25519-cert-v01@openssh.com",
            ["c"] = "ecdsa-sha2-nistp256-cert-v01@openssh.com",
            ["C"] = "rsa-sha2-512-cert-v01@openssh.com",
            ["p"] = "ecdsa-sha2-nistp384",
            ["r"] = "rsa-sha2-512",
            ["P"] = "ecdsa-sha2-nistp256",
            ["R"] = "rsa-sha2-256",
            ["E"] = "ssh-ed25519",
        };
        KnownHosts known = KnownHosts.Load([keys.Write(lines.Split('|'))], _warnings.Add);
        Assert.Equal(expected.Split(' ').Select(name => names[name]), known.Prefer("db", port, [.. names.Values]));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void An_authority_puts_the_algorithms_of_certificates_before_others()
    {
        KnownHosts known = KnownHosts.Load([keys.Write("@cert-authority * {ca}")], _warnings.Add);
        Assert.Equal(["rsa-sha2-512-cert-v01@openssh.com", "ssh-ed25519"], known.Prefer("db", 22, ["ssh-ed25519", "rsa-sha2-512-cert-v01@openssh.com"]));
    }

    private HostKeyVerdict Check(string path, string host, int port, string presented) =>
        KnownHosts.Load([path], _warnings.Add).Check(host, port, keys[presented], HostKeys.Now);

    private HostKeyVerdict AssertVerdict(string lines, string host, int port, string presented, HostKeyStatus status, int line)
    {
        string path = keys.Write(lines.Split('|'));
        HostKeyVerdict verdict = Check(path, host, port, presented);
        Assert.Equal((status, line == 0 ? null : $"{path}:{line}"), (verdict.Status, verdict.Place));
        return verdict;
    }

    private static void AssertDetail(string? expected, HostKeyVerdict verdict)
    {
        if (expected is null)
            Assert.Null(verdict.Detail);
        else
            Assert.Contains(expected, verdict.Detail, StringComparison.Ordinal);
    }
}
