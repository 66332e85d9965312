using System.Net;
using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>Whose certificates a file of principals lets in.</summary>
[Trait("Surface", "S1-10")]
public sealed class PrincipalsFileTests(UserKeys keys) : IClassFixture<UserKeys>
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1");

    [Fact]
    public void The_first_line_with_one_of_the_certificates_principals_counts()
    {
        PrincipalsFile file = Parse("# staff\nbob\n\n \tno-pty,command=\"a b\"\tops # on call\nalice\n");
        AuthorizedPrincipal? found = file.Find(keys.Certify("ca").Certificate!);
        Assert.Equal("keys:4 ops a b False", $"{found?.Place} {found?.Principal} {found?.Options.Command} {found?.Options.PermitPty}");
        Assert.Equal("alice", file.Find(keys.Certify("ca", "-n", "alice").Certificate!)?.Principal);
        Assert.Null(file.Find(keys.Certify("ca", "-n", "ALICE,ali,alice2").Certificate!));
        Assert.Null(Parse("# nobody\n").Find(keys.Certify("ca").Certificate!));
    }

    [Theory]
    [InlineData("what alice", "\"what\"")]
    [InlineData("restrict alice ops", "one principal")]
    [InlineData("command=\"a # b\" alice", "hold no #")]
    [InlineData("cert-authority alice", "cert-authority")]
    [InlineData("cert-authority,principals=\"alice\" alice", "cert-authority")]
    [InlineData("principals=\"alice\" alice", "cert-authority")]
    [InlineData("verify-required alice", "security key")]
    [InlineData("ali\0ce", "NUL")]
    [InlineData("alice\uFFFD", "one principal")]
    public void A_line_that_cannot_be_understood_is_passed_over_with_its_place_and_the_reason(string line, string reason)
    {
        var warnings = new List<string>();
        PrincipalsFile file = PrincipalsFile.Parse(Encoding.UTF8.GetBytes($"\n{line}\nbob\n"), "keys", warnings.Add);
        Assert.Equal("bob", Assert.Single(file.Lines).Principal);
        string warning = Assert.Single(warnings);
        Assert.StartsWith("keys:2: ", warning, StringComparison.Ordinal);
        Assert.Contains(reason, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_let_in_as_the_line_and_it_say()
    {
        Assert.Null(Refusal("alice"));
        Assert.Null(Refusal("from=\"10.*\" ops"));
        Assert.Contains("11.*", Refusal("from=\"11.*\" alice"), StringComparison.Ordinal);
        Assert.Contains("expired", Refusal("expiry-time=\"20200101Z\" alice"), StringComparison.Ordinal);
        Assert.Contains("11.0.0.0/8", Refusal("alice", "-O", "source-address=11.0.0.0/8"), StringComparison.Ordinal);
        Assert.Contains("different commands", Refusal("command=\"a\" alice", "-O", "force-command=b"), StringComparison.Ordinal);
        Assert.Contains("expired", Refusal("alice", "-V", "20200101:20210101"), StringComparison.Ordinal);
        Assert.Contains("bob is not among them", Refusal("bob"), StringComparison.Ordinal);
        Assert.Contains("user certificate is needed", Refusal("alice", "-h"), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_let_in_gets_what_both_permit()
    {
        SshCertificate certificate = keys.Certify("ca", "-O", "no-agent-forwarding").Certificate!;
        KeyOptions granted = Assert.Single(Parse("no-pty alice").Lines).Granted(certificate);
        Assert.Equal((true, false, false), (granted.PermitPortForwarding, granted.PermitPty, granted.PermitAgentForwarding));
    }

    [Fact]
    public void A_file_is_read_from_disk()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("principals", "alice\n");
        Assert.Equal($"{path}:1", Assert.Single(PrincipalsFile.Load(path, static warning => Assert.Fail(warning))!.Lines).Place);
        Assert.Null(PrincipalsFile.Load(path + "2", static warning => Assert.Fail(warning)));
    }

    private static PrincipalsFile Parse(string text) => PrincipalsFile.Parse(Encoding.UTF8.GetBytes(text), "keys", static warning => Assert.Fail(warning));

    private string? Refusal(string line, params string[] options) =>
        Assert.Single(Parse(line).Lines).Refusal(keys.Certify("ca", options).Certificate!, Here, UserKeys.Now);
}
