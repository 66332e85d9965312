using System.Text;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Keys;

/// <summary>OpenSSH's own test keys, of many years and formats: each is read as what it is or refused for what it is. Debian's package openssh-tests holds them.</summary>
public sealed class OpenSshTestDataTests
{
    private const string Folder = "/usr/lib/openssh/regress/unittests/sshkey/testdata";

    private static byte[] Passphrase => Encoding.ASCII.GetBytes(File.ReadAllText(Path.Combine(Folder, "pw")).TrimEnd('\n'));

    [Fact]
    public void Every_private_key_is_read_as_its_pub_file_says_or_refused_for_its_kind()
    {
        var outcomes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Directory.GetFiles(Folder).Where(static path => File.ReadAllText(path).StartsWith("-----BEGIN", StringComparison.Ordinal)))
            outcomes.Add(Path.GetFileName(path), Outcome(path));

        // rsa_1 and rsa_n have 1024 bits, rsa_2 has 2048. ecdsa_1_pw is encrypted in the old PEM way.
        (string Name, string Outcome)[] expected =
        [
            ("dsa_1", "Unsupported"), ("dsa_1_pw", "Unsupported"), ("dsa_2", "Unsupported"), ("dsa_n", "Unsupported"), ("dsa_n_pw", "Unsupported"),
            ("ecdsa_1", "read"), ("ecdsa_1_pw", "Unsupported"), ("ecdsa_2", "read"), ("ecdsa_n", "read"), ("ecdsa_n_pw", "read"),
            ("ecdsa_sk1", "Unsupported"), ("ecdsa_sk1_pw", "Unsupported"), ("ecdsa_sk2", "Unsupported"),
            ("ed25519_1", "read"), ("ed25519_1_pw", "read"), ("ed25519_2", "read"),
            ("ed25519_sk1", "Unsupported"), ("ed25519_sk1_pw", "Unsupported"), ("ed25519_sk2", "Unsupported"),
            ("rsa_1", "Unsupported"), ("rsa_1_pw", "Unsupported"), ("rsa_1_sha1", "Unsupported"), ("rsa_1_sha512", "Unsupported"),
            ("rsa_2", "read"), ("rsa_n", "Unsupported"), ("rsa_n_pw", "Unsupported"),
        ];
        Assert.Equal(expected, outcomes.Select(static outcome => (outcome.Key, outcome.Value)));
    }

    [Fact]
    public void Every_certificate_of_a_served_type_is_read_or_refused_for_a_weak_signature()
    {
        foreach (string path in Directory.GetFiles(Folder, "*-cert.pub"))
        {
            string name = Path.GetFileName(path);
            bool read = SshPublicKey.TryParseLine(File.ReadAllText(path), out SshPublicKey? key, out _);
            bool served = name.StartsWith("ecdsa_1", StringComparison.Ordinal) || name.StartsWith("ed25519_1", StringComparison.Ordinal);
            if (served)
            {
                Assert.True(read, name);
                Assert.Equal(File.ReadAllText(Path.ChangeExtension(path, ".fp")).Trim(), key!.Fingerprint);
            }

            Assert.False(read && (name.Contains("_sk", StringComparison.Ordinal) || name.StartsWith("dsa", StringComparison.Ordinal) || name.Contains("sha1", StringComparison.Ordinal)), name);
        }
    }

    private static string Outcome(string path)
    {
        try
        {
            using SshPrivateKey key = SshPrivateKey.Parse(File.ReadAllBytes(path), path, Passphrase);
            string publicPath = path.Replace("_pw", "", StringComparison.Ordinal).Replace("_n", "_1", StringComparison.Ordinal) + ".pub";
            Assert.True(SshPublicKey.TryParseLine(File.ReadAllText(publicPath), out SshPublicKey? expected, out _));
            Assert.Equal(expected, key.PublicKey);
            return "read";
        }
        catch (SshKeyException e)
        {
            return e.Kind.ToString();
        }
    }
}
