using System.Text;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Revoked keys as lines of text, judged by sshd, and by sshd on lists of ssh-keygen -k too.</summary>
[Collection(KeyFolderCollection.Name)]
public sealed class RevokedKeyLinesTests(KeyFolder folder)
{
    private const string UserType = "ssh-ed25519", SignerType = "ecdsa-sha2-nistp256", OtherType = "ssh-rsa";

    /// <summary>Files by what they hold, and whether a key and its certificate get in. {user}, {signer}, {other}: keys, {cert}: the user's certificate.</summary>
    public static TheoryData<string, bool, bool> Files => new()
    {
        { "", true, true },
        { "\n \t\n# {user}\n\t # comment\n", true, true },
        { "{other}\n", true, true },
        { "{user}\n", false, false },
        { "{user}", false, false },
        { "{other} a comment of words\n# x\n \t{user} me\n", false, false },
        { "{other} a\r\n{user} me\r\n", false, false },
        { "{signer} the signer\n", true, false },
        { "{cert}\n", false, false },
        { "{other-cert} with another key and the same signer\n", true, true },
        { "{weak} too short to be accepted here\n{sk}\n", true, true },
        { "{weak}\n{sk}\n{user}\n", false, false },
        { "command=\"true\" {other}\n", false, false },
        { "no-pty {other}\n", false, false },
        { "@revoked {other}\n", false, false },
        { "{other}\nnonsense\n", false, false },
        { "ssh-ed25519\n", false, false },
        { "ssh-ed25519 AAAA\n", false, false },
        { "ssh-rsa {user-base64}\n", false, false },
        { "ssh-unknown AAAAC3NzaC11bmtub3duAAAAAA==\n", false, false },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_of_keys_refuses_whom_sshd_refuses(string content, bool keyPasses, bool certificatePasses)
    {
        Login login = await LoginAsync();
        byte[] file = Encoding.UTF8.GetBytes(await FilledAsync(content, login));
        Assert.Equal((keyPasses, certificatePasses), await login.AcceptedBySshdAsync(file));
        Assert.Equal((keyPasses, certificatePasses), (Passes(file, login.Key), Passes(file, login.Certificate)));
    }

    [Theory]
    [InlineData("key: {user}", false, false)]
    [InlineData("sha256: {signer}", true, false)]
    [InlineData("serial: 7", true, false)]
    [InlineData("serial: 8", true, true)]
    [InlineData("id: mine", true, false)]
    public async Task A_revocation_list_refuses_whom_sshd_refuses(string specification, bool keyPasses, bool certificatePasses)
    {
        Login login = await LoginAsync();
        string list = folder.NewPath("list");
        await RevocationSubject.WriteListAsync(folder, list, await folder.KeyAsync(SignerType) + ".pub", await FilledAsync(specification, login));
        byte[] file = await File.ReadAllBytesAsync(list);
        Assert.Equal((keyPasses, certificatePasses), await login.AcceptedBySshdAsync(file));
        Assert.Equal((keyPasses, certificatePasses), (Passes(file, login.Key), Passes(file, login.Certificate)));
        Assert.Equal((false, false), await login.AcceptedBySshdAsync(file[..^1]));
        KeyBytes.Refused(SshKeyError.Malformed, () => RevokedKeys.Parse(file.AsSpan(0, file.Length - 1), "FILE"));
    }

    [Fact]
    public async Task A_refusal_names_the_line_and_what_is_wrong_with_it()
    {
        Login login = await LoginAsync();
        byte[] wrong = [.. login.Key.Blob.Span];
        wrong[^33] ^= 1;
        (string Line, SshKeyError Kind, string Message)[] cases =
        [
            ("command=\"x\" {user}", SshKeyError.Malformed, "options may not stand"),
            ("\u00fc {user}", SshKeyError.Malformed, "no public key"),
            ("\0{user}", SshKeyError.Malformed, "another type"),
            ("ssh-ed25519 ====", SshKeyError.Malformed, "no public key"),
            ("ssh-rsa {user-base64}", SshKeyError.Malformed, "another type than its key, which is of type ssh-ed25519"),
            ($"ssh-ed25519 {Convert.ToBase64String(wrong)}", SshKeyError.Malformed, "malformed"),
            ($"ssh-ed25519 {new string('A', (128 * 1024) + 4)}", SshKeyError.Malformed, "no public key"),
            ("{cert-of-weak}", SshKeyError.Unsupported, "too weak"),
        ];
        foreach ((string line, SshKeyError kind, string message) in cases)
        {
            byte[] file = Encoding.UTF8.GetBytes(await FilledAsync("# first\r\n{other}\n" + line + "\n{user}", login));
            SshKeyException refusal = KeyBytes.Refused(kind, () => RevokedKeys.Parse(file, "FILE"));
            Assert.StartsWith("FILE line 3: ", refusal.Message, StringComparison.Ordinal);
            Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_of_keys_with_any_byte_changed_or_missing_is_read_or_refused_as_a_key_exception()
    {
        Login login = await LoginAsync();
        byte[] file = Encoding.UTF8.GetBytes(await FilledAsync("# comment\n{user} me\n\n{signer}\r\n", login));
        int refused = 0;
        for (int i = 0; i < file.Length; i++)
        {
            for (int flip = 0; flip < 256; flip++)
            {
                byte[] changed = file.AsSpan(0, flip == 0 ? i : file.Length).ToArray();
                if (flip > 0)
                    changed[i] ^= (byte)flip;
                try
                {
                    RevokedKeys.Parse(changed, "FILE").Refuses(login.Certificate);
                }
                catch (SshKeyException e)
                {
                    Assert.StartsWith("FILE line ", e.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
        }

        Assert.InRange(refused, file.Length, file.Length * 255);
    }

    private static bool Passes(byte[] file, SshPublicKey key)
    {
        try
        {
            return RevokedKeys.Parse(file, "FILE").Refuses(key) is not { } refusal || Expect(refusal);
        }
        catch (SshKeyException)
        {
            return false;
        }
    }

    private static bool Expect(string refusal)
    {
        Assert.Matches(@"^(revoked|signed by a key that is revoked) by .* \(FILE\)$", refusal);
        return false;
    }

    private async Task<string> FilledAsync(string content, Login login)
    {
        async Task<string> PublicAsync(string type) => KeyFolder.ReadPublic(await folder.KeyAsync(type) + ".pub").ToString();
        string filled = content
            .Replace("{user}", login.Key.ToString(), StringComparison.Ordinal)
            .Replace("{user-base64}", Convert.ToBase64String(login.Key.Blob.Span), StringComparison.Ordinal)
            .Replace("{cert}", login.Certificate.ToString(), StringComparison.Ordinal)
            .Replace("{signer}", await PublicAsync(SignerType), StringComparison.Ordinal)
            .Replace("{other}", await PublicAsync(OtherType), StringComparison.Ordinal)
            .Replace("{sk}", SecurityKey, StringComparison.Ordinal);
        if (filled.Contains("{other-cert}", StringComparison.Ordinal))
            filled = filled.Replace("{other-cert}", (await folder.CertifyAsync(OtherType, SignerType, "-I", "x")).ToString(), StringComparison.Ordinal);
        if (!filled.Contains("weak}", StringComparison.Ordinal))
            return filled;
        string weak = folder.NewPath("weak");
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", weak]);
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-s", await folder.KeyAsync(SignerType), "-I", "x", weak + ".pub"]);
        return filled
            .Replace("{weak}", (await File.ReadAllTextAsync(weak + ".pub")).TrimEnd(), StringComparison.Ordinal)
            .Replace("{cert-of-weak}", (await File.ReadAllTextAsync(weak + "-cert.pub")).TrimEnd(), StringComparison.Ordinal);
    }

    private static string SecurityKey
    {
        get
        {
            byte[] blob = KeyBytes.Of(static (ref SshWriter writer) =>
            {
                writer.WriteString("sk-ssh-ed25519@openssh.com");
                writer.WriteString(new byte[32]);
                writer.WriteString("ssh:");
            });
            return $"sk-ssh-ed25519@openssh.com {Convert.ToBase64String(blob)}";
        }
    }

    /// <summary>A user's key, and a certificate of it with serial 7 and the id "mine".</summary>
    private async Task<Login> LoginAsync()
    {
        string path = await folder.CopyAsync(UserType);
        string signer = await folder.KeyAsync(SignerType);
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-s", signer, "-I", "mine", "-z", "7", "-n", Environment.UserName, path + ".pub"]);
        return new(folder, path, await folder.KeyAsync(OtherType), signer + ".pub");
    }

    private sealed record Login(KeyFolder Folder, string Path, string HostKey, string Signer)
    {
        public SshPublicKey Key { get; } = KeyFolder.ReadPublic(Path + ".pub");

        public SshPublicKey Certificate { get; } = KeyFolder.ReadPublic(Path + "-cert.pub");

        /// <summary>Whether sshd with this file of revoked keys lets the key and the certificate in.</summary>
        public async Task<(bool Key, bool Certificate)> AcceptedBySshdAsync(byte[] revokedKeys)
        {
            string revoked = Folder.NewPath("revoked");
            await File.WriteAllBytesAsync(revoked, revokedKeys);

            // ssh offers both; sshd knows the one or the other.
            bool key = await AcceptedBySshdAsync($"RevokedKeys {revoked}", $"AuthorizedKeysFile {Path}.pub");
            bool certificate = await AcceptedBySshdAsync($"RevokedKeys {revoked}", "AuthorizedKeysFile none", $"TrustedUserCAKeys {Signer}");
            return (key, certificate);
        }

        private async Task<bool> AcceptedBySshdAsync(params string[] lines)
        {
            // sshd as root wants its empty folder.
            if (Environment.IsPrivilegedProcess)
                Directory.CreateDirectory("/run/sshd");
            string config = Folder.NewPath("sshd_config");
            await File.WriteAllLinesAsync(config,
                [.. lines, $"HostKey {HostKey}", "AuthenticationMethods publickey", "StrictModes no", "UsePAM no", "PermitRootLogin yes", "PidFile none"]);
            (int exitCode, _, string errors) = await KeyFolder.TryRunAsync("ssh",
            [
                "-F", "none", "-oBatchMode=yes", "-oIdentitiesOnly=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null",
                "-i", Path, $"-oProxyCommand=/usr/sbin/sshd -i -f {config}", "host.example", "true",
            ]);
            Assert.True(exitCode == 0 || errors.Contains("Permission denied (publickey)", StringComparison.Ordinal), errors);
            return exitCode == 0;
        }
    }
}
