using System.Diagnostics;
using System.Globalization;
using System.Net;
using Adit.Gateway.Access;
using Adit.Gateway.Tests.Configuration;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Access;

/// <summary>Which keys and certificates let a user in. Certificates and revocation lists are those of ssh-keygen.</summary>
public sealed class KeyAccessTests : IDisposable
{
    private readonly ConfigFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_key_of_the_users_file_lets_in_with_its_options()
    {
        string key = Key("user");
        Write("keys/joe", $"# mine\n\nrestrict,port-forwarding,permitopen=\"db:5432\" {key} comment\n");
        (AcceptedKey? accepted, _) = Judge("AuthorizedKeysFile {folder}/keys/%u", key);
        Assert.True(accepted!.Options.PermitPortForwarding);
        Assert.False(accepted.Options.PermitPty);
        Assert.Equal(["db:5432"], accepted.Options.PermitOpen.AsEnumerable());
        Assert.Equal("no authorized_keys line holds the key", Judge("AuthorizedKeysFile {folder}/keys/%u", Key("other")).Refusal);
        Assert.Equal("no authorized_keys line holds the key", Judge("AuthorizedKeysFile {folder}/keys/%u", key, user: "ann").Refusal);
    }

    [Theory]
    [InlineData("AuthorizedKeysFile {folder}/none {folder}/a.keys")]
    [InlineData("AuthorizedKeysFile a.keys")]
    [InlineData("AuthorizedKeysFile %h/a.keys")]
    [InlineData("AuthorizedKeysFile {folder}/%U")]
    public void The_files_are_found_by_their_tokens_and_from_the_home_folder_on(string config)
    {
        string key = Key("user");
        Write("a.keys", key);
        Write("1001", key);
        Assert.NotNull(Judge(config, key).Accepted);
    }

    [Fact]
    public void A_user_without_an_account_has_no_home_to_look_in()
    {
        string key = Key("user");
        Write("keys", key);
        KeyAccess access = new(_folder.Settings("AuthorizedKeysFile keys %h/keys"), "joe", new(null, null, []), IPAddress.Loopback, _time, _warnings.Add);
        Assert.Null(access.Judge(Parse(key)).Accepted);
    }

    [Fact]
    public void A_change_of_the_file_counts_at_once_and_a_broken_line_is_told_of_and_passed_over()
    {
        string key = Key("user");
        Assert.Null(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted);
        Write("keys", $"no-such-option {key}\n");
        Assert.Null(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted);
        Assert.Contains("keys:1", Assert.Single(_warnings), StringComparison.Ordinal);
        Write("keys", $"no-such-option {key}\n{key}\n");
        Assert.NotNull(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted);
    }

    [Theory]
    [InlineData("expiry-time=\"20260101000001Z\"", true)]
    [InlineData("expiry-time=\"20260101Z\"", false)]
    [InlineData("from=\"192.0.2.0/24\"", true)]
    [InlineData("from=\"192.0.2.*,!192.0.2.7\"", false)]
    [InlineData("from=\"10.0.0.0/8\"", false)]
    [InlineData("from=\"*.example.com\"", false)]
    [InlineData("cert-authority", false)]
    public void A_line_is_for_its_time_and_its_addresses(string options, bool accepted)
    {
        string key = Key("user");
        Write("keys", $"{options} {key}\n");
        (AcceptedKey? got, string? refusal) = Judge("AuthorizedKeysFile {folder}/keys", key);
        Assert.Equal(accepted, got is not null);
        Assert.Equal(accepted, refusal is null);
    }

    [Fact]
    public void A_key_that_runs_out_while_the_gateway_runs_lets_in_no_longer()
    {
        string key = Key("user");
        Write("keys", $"expiry-time=\"20260101000001Z\" {key}\n");
        Assert.NotNull(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("expired", Judge("AuthorizedKeysFile {folder}/keys", key).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_line_that_lets_in_counts()
    {
        string key = Key("user");
        Write("keys", $"from=\"10.0.0.1\" {key}\nno-pty {key}\n{key}\n");
        Assert.False(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted!.Options.PermitPty);
    }

    [Fact]
    public void A_file_that_others_may_write_is_not_trusted_under_StrictModes()
    {
        string key = Key("user");
        string path = Write("keys", key);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupWrite);
        (AcceptedKey? accepted, string? refusal) = Judge("AuthorizedKeysFile {folder}/keys", key);
        Assert.Null(accepted);
        Assert.Contains("(StrictModes)", refusal, StringComparison.Ordinal);
        Assert.NotNull(Judge("AuthorizedKeysFile {folder}/keys\nStrictModes no", key).Accepted);
    }

    [Fact]
    public void A_folder_that_others_may_write_is_not_trusted_either()
    {
        string key = Key("user");
        string path = Write("open/keys", key);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.GetDirectoryName(path)!, (UnixFileMode)0b111_111_111);
        Assert.Contains("(StrictModes)", Judge("AuthorizedKeysFile {folder}/open/keys", key).Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-n joe", true)]
    [InlineData("-n ann,joe", true)]
    [InlineData("-n ann", false)]
    [InlineData("", false)]
    [InlineData("-h -n joe", false)]
    [InlineData("-n joe -V 20260102Z:20260103Z", false)]
    [InlineData("-n joe -V 20250101Z:20251231Z", false)]
    [InlineData("-n joe -V 20250101Z:20260102Z", true)]
    [InlineData("-n joe -O source-address=192.0.2.0/24", true)]
    [InlineData("-n joe -O source-address=10.0.0.0/8", false)]
    [InlineData("-n joe -O critical:unknown@example.com=1", false)]
    [InlineData("-n joe -O extension:unknown@example.com=1", true)]
    public void A_certificate_of_a_trusted_authority_lets_in_whom_it_names(string arguments, bool accepted)
    {
        string certificate = Certificate(arguments);
        (AcceptedKey? got, string? refusal) = Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub", certificate);
        Assert.True(accepted == got is not null, refusal);
    }

    [Fact]
    public void A_certificate_of_another_authority_or_the_authoritys_own_key_does_not()
    {
        string certificate = Certificate("-n joe");
        Write("trusted", Key("other_ca"));
        Assert.Null(Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/trusted", certificate).Accepted);
        Assert.Null(Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/missing", certificate).Accepted);
        Assert.Null(Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub", File.ReadAllText(Path.Join(_folder.Path, "ca.pub"))).Accepted);
        Assert.Null(Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub", File.ReadAllText(Path.Join(_folder.Path, "user.pub"))).Accepted);
    }

    [Theory]
    [InlineData("dba", true)]
    [InlineData("other\ndba\n", true)]
    [InlineData("no-pty,permitopen=\"db:5432\" dba", true)]
    [InlineData("from=\"10.0.0.1\" dba", false)]
    [InlineData("joe", false)]
    [InlineData("# dba", false)]
    [InlineData("", false)]
    public void With_AuthorizedPrincipalsFile_a_principal_of_the_file_is_needed_and_the_users_name_is_none(string file, bool accepted)
    {
        string certificate = Certificate("-n dba,admins");
        Write("principals", file);
        (AcceptedKey? got, string? refusal) = Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals", certificate);
        Assert.True(accepted == got is not null, refusal);
    }

    [Fact]
    public void Options_of_the_principal_and_of_the_certificate_hold_together()
    {
        string certificate = Certificate("-n dba -O clear -O permit-port-forwarding -O force-command=uptime");
        Write("principals", "permitopen=\"db:5432\" dba");
        AcceptedKey accepted = Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals", certificate).Accepted!;
        Assert.Equal((true, false, "uptime"), (accepted.Options.PermitPortForwarding, accepted.Options.PermitPty, accepted.Options.Command));
        Assert.Equal(["db:5432"], accepted.Options.PermitOpen.AsEnumerable());
    }

    [Fact]
    public void A_principals_file_that_is_missing_or_that_others_may_write_lets_nobody_in()
    {
        string certificate = Certificate("-n joe");
        const string config = "AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/principals";
        Assert.Null(Judge(config, certificate).Accepted);
        string path = Write("principals", "joe");
        Assert.NotNull(Judge(config, certificate).Accepted);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherWrite);
        Assert.Contains("(StrictModes)", Judge(config, certificate).Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cert-authority", "-n joe", true)]
    [InlineData("cert-authority", "-n dba", false)]
    [InlineData("cert-authority,principals=\"dba\"", "-n dba", true)]
    [InlineData("cert-authority,principals=\"dba\"", "-n joe", false)]
    [InlineData("no-pty", "-n joe", false)]
    public void An_authority_may_stand_in_the_users_own_file(string options, string arguments, bool accepted)
    {
        string certificate = Certificate(arguments);
        Write("keys", $"{options} {File.ReadAllText(Path.Join(_folder.Path, "ca.pub"))}");
        Assert.Equal(accepted, Judge("AuthorizedKeysFile {folder}/keys", certificate).Accepted is not null);
    }

    [Fact]
    public void A_certificate_under_an_algorithm_that_is_not_listed_is_refused()
    {
        string certificate = Certificate("-n joe");
        Assert.Contains("CASignatureAlgorithms",
            Judge("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nCASignatureAlgorithms rsa-sha2-512", certificate).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_revoked_key_does_not_let_in_nor_its_certificates_nor_those_of_a_revoked_authority()
    {
        string certificate = Certificate("-n joe -z 7");
        string user = File.ReadAllText(Path.Join(_folder.Path, "user.pub"));
        Write("keys", user);
        const string config = "AuthorizedKeysFile {folder}/keys\nTrustedUserCAKeys {folder}/ca.pub\nRevokedKeys {folder}/revoked";
        Write("revoked", Key("other"));
        Assert.NotNull(Judge(config, user).Accepted);
        Assert.NotNull(Judge(config, certificate).Accepted);
        Write("revoked", user);
        Assert.StartsWith("the key is revoked", Judge(config, user).Refusal, StringComparison.Ordinal);
        Assert.Null(Judge(config, certificate).Accepted);
        Write("revoked", File.ReadAllText(Path.Join(_folder.Path, "ca.pub")));
        Assert.NotNull(Judge(config, user).Accepted);
        Assert.Null(Judge(config, certificate).Accepted);
        Write("spec", "serial: 7\n");
        File.Delete(Path.Join(_folder.Path, "revoked"));
        Keygen("-q", "-k", "-f", "revoked", "-s", "ca.pub", "spec");
        Assert.NotNull(Judge(config, user).Accepted);
        Assert.Null(Judge(config, certificate).Accepted);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("this is no key\n")]
    [InlineData("SSHKRL\n\0\0\0")]
    public void A_list_of_revoked_keys_that_cannot_be_read_lets_nobody_in(string? list)
    {
        string key = Key("user");
        Write("keys", key);
        if (list is not null)
            Write("revoked", list);
        Assert.StartsWith("the key is refused, because RevokedKeys cannot be read",
            Judge("AuthorizedKeysFile {folder}/keys\nRevokedKeys {folder}/revoked", key).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void RequiredRSASize_refuses_short_keys()
    {
        Keygen("-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa");
        string key = File.ReadAllText(Path.Join(_folder.Path, "rsa.pub"));
        Write("keys", key);
        Assert.NotNull(Judge("AuthorizedKeysFile {folder}/keys", key).Accepted);
        Assert.Equal("the key has 2048 bits, RequiredRSASize is 3072", Judge("AuthorizedKeysFile {folder}/keys\nRequiredRSASize 3072", key).Refusal);
    }

    [Theory]
    [InlineData("-n joe -V 20250101Z:20260102Z", null, "2026-01-02")]
    [InlineData("-n joe -V 20250101Z:20260102Z", "20260101120000Z", "2026-01-01")]
    [InlineData("-n joe -V 20250101Z:20260102Z", "20270101Z", "2026-01-02")]
    [InlineData("-n joe", null, null)]
    [InlineData("-n joe", "20270101Z", "2027-01-01")]
    public void A_grant_is_valid_as_long_as_both_the_line_and_the_certificate(string arguments, string? expiry, string? until)
    {
        string certificate = Certificate(arguments);
        Write("keys", $"cert-authority{(expiry is null ? "" : $",expiry-time=\"{expiry}\"")} {File.ReadAllText(Path.Join(_folder.Path, "ca.pub"))}");
        AcceptedKey accepted = Judge("AuthorizedKeysFile {folder}/keys", certificate).Accepted!;
        Grant grant = new("joe", [accepted.Key], accepted.Options, "publickey");
        Assert.Equal(until, grant.Expiry?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        Assert.Contains("ID id (serial 0) CA ED25519 SHA256:", grant.CertificateText, StringComparison.Ordinal);
        Assert.Equal($"ED25519-CERT {accepted.Key.WithoutCertificate.Fingerprint}", grant.KeyText);
    }

    [Fact]
    public void A_grant_of_several_keys_is_valid_as_long_as_all_of_them_and_names_all()
    {
        string plain = Key("plain");
        SshPublicKey early = Parse(Certificate("-n joe -z 1 -V 20250101Z:20260102Z"));
        foreach (string file in (string[])["ca", "user", "user-cert.pub"])
            File.Delete(Path.Join(_folder.Path, file));
        SshPublicKey late = Parse(Certificate("-n joe -z 2 -V 20250101Z:20260103Z"));
        Grant grant = new("joe", [early, late, Parse(plain)], new() { Expiry = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero) }, "publickey,publickey,publickey");
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), grant.Expiry);
        Assert.Equal(grant.Expiry, (grant with { Keys = [late, early] }).Expiry);
        Assert.Equal([early.WithoutCertificate.Fingerprint, late.WithoutCertificate.Fingerprint, Parse(plain).Fingerprint], grant.Fingerprints);
        Assert.Equal(3, grant.KeyText!.Split(", ").Length);
        Assert.Contains("(serial 1)", grant.CertificateText, StringComparison.Ordinal);
        Assert.Contains("(serial 2)", grant.CertificateText, StringComparison.Ordinal);
        Grant bare = new("joe", [], new(), "password");
        Assert.Equal((null, null, null), (bare.KeyText, bare.CertificateText, bare.Expiry));
    }

    [Theory]
    [InlineData("AuthorizedKeysFile {folder}/pipe", false)]
    [InlineData("AuthorizedKeysFile {folder}/pipe\nStrictModes no", false)]
    [InlineData("AuthorizedKeysFile /dev/zero\nStrictModes no", false)]
    [InlineData("AuthorizedKeysFile {folder}/pipe {folder}/keys\nStrictModes no", true)]
    [InlineData("AuthorizedKeysFile {folder}/keys\nRevokedKeys {folder}/pipe", false)]
    [InlineData("AuthorizedKeysFile {folder}/keys\nRevokedKeys /dev/zero", false)]
    [InlineData("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/pipe", false)]
    [InlineData("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/pipe", false)]
    [InlineData("AuthorizedKeysFile none\nTrustedUserCAKeys {folder}/ca.pub\nAuthorizedPrincipalsFile {folder}/pipe\nStrictModes no", false)]
    public async Task What_is_no_regular_file_is_refused_and_not_waited_for(string config, bool accepted)
    {
        string certificate = Certificate("-n joe"), key = File.ReadAllText(Path.Join(_folder.Path, "user.pub"));
        Write("keys", key);
        _folder.MakePipe("pipe");
        (AcceptedKey? got, string? refusal) = await Task.Run(() => Judge(config, config.Contains("CAKeys", StringComparison.Ordinal) ? certificate : key)).TestTime();
        Assert.Equal(accepted, got is not null);
        if (!accepted)
            Assert.Contains(_warnings.Append(refusal), static text => text!.Contains("not a regular file", StringComparison.Ordinal));
    }

    private (AcceptedKey? Accepted, string? Refusal) Judge(string config, string key, string user = "joe") =>
        new KeyAccess(_folder.Settings(config), user, new(_folder.Path, "1001", []), IPAddress.Parse("192.0.2.7"), _time, _warnings.Add).Judge(Parse(key));

    private static SshPublicKey Parse(string line) => SshPublicKey.TryParseLine(line.Trim(), out SshPublicKey? key, out _) ? key : throw new FormatException(line);

    private string Write(string name, string text) => _folder.Write(name, text);

    private string Key(string name)
    {
        Keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name);
        return File.ReadAllText(Path.Join(_folder.Path, name + ".pub")).Trim();
    }

    private string Certificate(string arguments)
    {
        Key("ca");
        Key("user");
        Keygen(["-q", "-s", "ca", "-I", "id", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), "user.pub"]);
        return File.ReadAllText(Path.Join(_folder.Path, "user-cert.pub"));
    }

    private void Keygen(params string[] arguments)
    {
        ProcessStartInfo start = new("ssh-keygen", arguments) { UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = _folder.Path };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
