using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>Who an authorized_keys file lets in.</summary>
[Trait("Surface", "S1-10")]
public sealed class AuthorizedKeysTests(UserKeys keys) : IClassFixture<UserKeys>
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1");

    [Fact]
    public void A_line_has_options_key_comment_and_place()
    {
        var warnings = new List<string>();
        AuthorizedKeys read = keys.Parse("# comment\n\n \t{ed}\r\nno-pty,command=\"a b # c\"\t  {rsa}  two words \n", warnings);
        Assert.Empty(warnings);
        Assert.Equal(["keys:3  ", "keys:4 a b # c two words"], read.Lines.Select(static line => $"{line.Place} {line.Options.Command} {line.Comment}"));
        Assert.Equal([keys["ed"], keys["rsa"]], read.Lines.Select(static line => line.Key));
        Assert.Equal([true, false], read.Lines.Select(static line => line.Options.PermitPty));
    }

    [Fact]
    public void The_same_keys_are_found_on_random_lines_as_by_ssh_keygen()
    {
        string[] names = ["{ed}", "{other}", "{ecdsa}", "{rsa}"];
        string[] starts = ["", "", " ", "\t", "restrict ", "restrict,pty\t", "command=\"a b\" ", "command=\"say \\\"x y\\\"\",no-pty ", "environment=\"A=#\" ", "#", "# ", "restrict, ", "\"a ", "command=\"a\\\" "];
        string[] ends = ["\n", "\r\n", " \n", "\n\n"];
        var random = new Random(5);
        var file = new StringBuilder();
        for (int line = 0; line < 300; line++)
            file.Append(starts[random.Next(starts.Length)]).Append(names[random.Next(names.Length)]).Append(' ').Append('c').Append(line).Append(ends[random.Next(ends.Length)]);
        using var folder = new TemporaryFolder();
        string output = HostKeys.Keygen("-l", "-f", folder.Write("keys", keys.Fill(file.ToString()))).Output;
        string[] theirs = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')).Select(static fields => $"{fields[1]} {fields[2].TrimEnd('\r')}")];

        var warnings = new List<string>();
        AuthorizedKeys read = keys.Parse(file.ToString(), warnings);

        // ssh-keygen does not look at the options, and so passes a comma in front of the blank.
        string[] text = file.ToString().Split('\n');
        string[] refused = [.. warnings.Where(static warning => warning.Contains("comma", StringComparison.Ordinal))
            .Select(warning => text[int.Parse(warning.Split(':')[1], CultureInfo.InvariantCulture) - 1].Trim().Split(' ')[^1])];
        Assert.NotEmpty(refused);
        Assert.Equal(theirs.Where(line => !refused.Contains(line.Split(' ')[1])), read.Lines.Select(static line => $"{line.Key.Fingerprint} {line.Comment}"));
    }

    [Theory]
    [InlineData("nonsense", "there is no key")]
    [InlineData("restrict", "there is no key")]
    [InlineData("ssh-ed25519", "there is no key")]
    [InlineData("ssh-ed25519 AAAA", "there is no key")]
    [InlineData("what {ed}", "\"what\"")]
    [InlineData("expiry-time=\"tomorrow\" {ed}", "expiry-time")]
    [InlineData("verify-required {ed}", "security key")]
    [InlineData("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAQID x", "sk-ssh-ed25519@openssh.com")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3MBAgM= x", "ssh-dss")]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAABAECAwQ= x", "32 bytes")]
    [InlineData("command=\"{ed}", "there is no key")]
    [InlineData("{ed}\0", "NUL")]
    public void A_line_that_cannot_be_understood_is_passed_over_with_its_place_and_the_reason(string line, string reason)
    {
        var warnings = new List<string>();
        AuthorizedKeys read = keys.Parse($"\n{line}\n{{other}} kept\n", warnings);
        Assert.Equal("kept", Assert.Single(read.Lines).Comment);
        string warning = Assert.Single(warnings);
        Assert.StartsWith("keys:2: ", warning, StringComparison.Ordinal);
        Assert.Contains(reason, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_no_key_of_a_line()
    {
        var warnings = new List<string>();
        Assert.Empty(keys.Parse(keys.Certify("ca").ToString(), warnings).Lines);
        Assert.Contains("certificate", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_carry_no_control_characters()
    {
        var warnings = new List<string>();
        AuthorizedKeys.Parse(Encoding.UTF8.GetBytes(keys.Fill("\u001b[2J {ed}\nfrom=\"\u001b[2J*.example.com\" {ed}\nfrom=\"\u202ex\" {ed}\n")), "ke\u001bys", warnings.Add);
        Assert.Equal(3, warnings.Count);
        Assert.All(warnings, static warning => Assert.DoesNotContain(warning, static c => char.IsControl(c) || c == '\u202e'));
    }

    [Fact]
    public void Names_of_hosts_in_from_are_warned_of_and_fit_nobody()
    {
        var warnings = new List<string>();
        AuthorizedKey line = Assert.Single(keys.Parse("from=\"*.example.com,10.0.0.2\" {ed}", warnings).Lines);
        Assert.Contains("keys:1: from= names hosts, such as *.example.com", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.NotNull(line.Refusal(null, "alice", Here, UserKeys.Now));
        Assert.Null(line.Refusal(null, "alice", IPAddress.Parse("10.0.0.2"), UserKeys.Now));
    }

    [Fact]
    public void A_key_is_found_on_its_own_lines_and_a_certificate_on_those_of_its_authority()
    {
        AuthorizedKeys read = keys.Parse("{ed} 1\ncert-authority {ed} 2\nrestrict {ed} 3\n{ca} 4\ncert-authority {ca} 5\ncert-authority {otherca} 6\n", []);
        Assert.Equal(["1", "3"], read.For(keys["ed"]).Select(static line => line.Comment));
        Assert.Equal(["5"], read.For(keys.Certify("ca")).Select(static line => line.Comment));
        Assert.Equal(["6"], read.For(keys.Certify("otherca")).Select(static line => line.Comment));
        Assert.Empty(read.For(keys["other"]));
    }

    [Fact]
    public void A_key_is_let_in_as_its_options_say()
    {
        Assert.Null(Refusal("{ed}", null));
        Assert.Null(Refusal("from=\"10.0.0.0/8\",expiry-time=\"20300101Z\" {ed}", null));
        Assert.Contains("11.*", Refusal("from=\"11.*\" {ed}", null), StringComparison.Ordinal);
        Assert.Contains("expired", Refusal("expiry-time=\"20200101Z\" {ed}", null), StringComparison.Ordinal);
        Assert.Contains("certificates", Refusal("cert-authority {ed}", null), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_needs_the_users_name_or_one_of_the_principals_of_the_line()
    {
        SshCertificate certificate = keys.Certify("ca").Certificate!;
        Assert.Null(Refusal("cert-authority {ca}", certificate));
        Assert.Contains("bob is not among them", Refusal("cert-authority {ca}", certificate, "bob"), StringComparison.Ordinal);
        Assert.Null(Refusal("cert-authority,principals=\"dev,ops\" {ca}", certificate, "bob"));
        Assert.Contains("none of the principals dev", Refusal("cert-authority,principals=\"dev\" {ca}", certificate), StringComparison.Ordinal);
        Assert.Contains("another key", Refusal("cert-authority {otherca}", certificate), StringComparison.Ordinal);
        Assert.Contains("not for certificates", Refusal("{ca}", certificate), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-V|20200101:20210101", "expired")]
    [InlineData("-V|20260101:20300101", "not yet valid")]
    [InlineData("-h", "user certificate is needed")]
    [InlineData("-O|source-address=11.0.0.0/8", "11.0.0.0/8")]
    [InlineData("-O|critical:what@example.com", "what@example.com")]
    [InlineData("-O|critical:source-address=1.*", "1.*")]
    [InlineData("-O|force-command=other", "different commands")]
    [InlineData("-O|verify-required", "verify-required")]
    public void A_certificate_must_hold_itself(string options, string reason) =>
        Assert.Contains(reason, Refusal("cert-authority,command=\"one\" {ca}", keys.Certify("ca", options.Split('|')).Certificate), StringComparison.Ordinal);

    [Fact]
    public void Who_is_let_in_by_a_certificate_gets_what_both_permit()
    {
        AuthorizedKey line = keys.ParseLine("cert-authority,no-pty,permitopen=\"db:5432\" {ca}");
        SshCertificate certificate = keys.Certify("ca", "-O", "clear", "-O", "permit-port-forwarding", "-O", "permit-pty").Certificate!;
        KeyOptions granted = line.Granted(certificate);
        Assert.Equal((true, false, false), (granted.PermitPortForwarding, granted.PermitPty, granted.PermitAgentForwarding));
        Assert.Equal(["db:5432"], granted.PermitOpen.ToArray());
        Assert.Same(line.Options, line.Granted(null));
    }

    [Fact]
    public void A_file_is_read_without_its_byte_order_mark()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("keys", "\uFEFF" + keys.Fill("{ed}\n"));
        Assert.Equal($"{path}:1", Assert.Single(AuthorizedKeys.Load(path, Unexpected)!.Lines).Place);
        Assert.Null(AuthorizedKeys.Load(Path.Join(folder.Path, "nothing"), Unexpected));
        Assert.Null(AuthorizedKeys.Load(Path.Join(path, "nothing"), Unexpected));
    }

    [Fact]
    public void What_is_no_regular_file_is_warned_of_and_holds_nobody_up()
    {
        using var folder = new TemporaryFolder();
        string pipe = Path.Join(folder.Path, "pipe");
        using (var mkfifo = Process.Start("mkfifo", [pipe]))
            mkfifo.WaitForExit();
        foreach (string path in (string[])[pipe, folder.Path, "/dev/zero", pipe + "\0"])
        {
            var warnings = new List<string>();
            Assert.Null(AuthorizedKeys.Load(path, warnings.Add));
            Assert.Contains("cannot be read", Assert.Single(warnings), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_has_limits()
    {
        var warnings = new List<string>();
        string key = keys["ed"].ToString();
        string longest = $"{key} {new string('x', 8191 - key.Length)}";
        Assert.Single(keys.Parse(longest, warnings).Lines);
        Assert.Empty(warnings);
        Assert.Empty(keys.Parse(longest + "x", warnings).Lines);
        Assert.Contains("keys:1: the line has more than 8192 bytes", Assert.Single(warnings), StringComparison.Ordinal);

        warnings.Clear();
        Assert.Single(keys.Parse(new string('\n', 9_999) + key + "\n" + key, warnings).Lines);
        Assert.Contains("keys:10001: the file has more than 10000 lines", Assert.Single(warnings), StringComparison.Ordinal);

        warnings.Clear();
        using var folder = new TemporaryFolder();
        string large = key + "\n" + string.Concat(Enumerable.Repeat(new string('#', 1023) + "\n", 1024));
        Assert.Empty(keys.Parse(large, warnings).Lines);
        Assert.Null(AuthorizedKeys.Load(folder.Write("large", large), warnings.Add));
        Assert.Equal(2, warnings.Count);
        Assert.All(warnings, static warning => Assert.Contains("over the limit of 1048576 bytes", warning, StringComparison.Ordinal));
    }

    private static void Unexpected(string warning) => Assert.Fail(warning);

    private string? Refusal(string line, SshCertificate? certificate, string user = "alice") =>
        keys.ParseLine(line).Refusal(certificate, user, Here, UserKeys.Now);
}
