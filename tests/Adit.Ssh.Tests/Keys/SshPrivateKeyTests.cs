using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

[Collection(KeyFolderCollection.Name)]
public sealed class SshPrivateKeyTests(KeyFolder folder)
{
    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task A_key_presents_its_certificate_and_signs_for_it(string type)
    {
        using SshPrivateKey key = await folder.ReadAsync(type);
        SshPublicKey certificate = await folder.CertifyAsync(type, "ssh-ed25519", "-I", "me", "-n", "user");
        using SshPrivateKey certified = key.WithCertificate(certificate);
        Assert.Equal(certificate, certified.PublicKey);
        foreach (string algorithm in certificate.SignatureAlgorithms)
        {
            Assert.EndsWith("-cert-v01@openssh.com", algorithm, StringComparison.Ordinal);
            byte[] signature = await certified.SignAsync(algorithm, "data"u8.ToArray(), default);
            string plain = algorithm[..^"-cert-v01@openssh.com".Length];
            Assert.True(certificate.Verify(algorithm, "data"u8, signature));
            Assert.True(key.PublicKey.Verify(plain, "data"u8, signature));
            Assert.False(certificate.Verify(plain, "data"u8, signature));
            Assert.False(certificate.Verify(algorithm, "data"u8, KeyBytes.Signature(algorithm, KeyBytes.InnerSignature(signature))));
        }

        await Assert.ThrowsAsync<SshKeyException>(() => certified.SignAsync(key.PublicKey.SignatureAlgorithms[0], new byte[1], default).AsTask());
    }

    [Fact]
    public async Task A_certificate_for_another_key_or_no_certificate_is_refused()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        SshPublicKey foreign = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "me", "-n", "user");
        KeyBytes.Refused(SshKeyError.Malformed, () => key.WithCertificate(foreign));
        KeyBytes.Refused(SshKeyError.Malformed, () => key.WithCertificate(key.PublicKey));
    }

    [Fact]
    public void A_file_written_twice_has_other_check_numbers_and_the_comment_that_is_asked_for()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        Assert.NotEqual(key.ToOpenSshFormat(), key.ToOpenSshFormat());
        using SshPrivateKey renamed = SshPrivateKey.Parse(key.ToOpenSshFormat(comment: "another"), "f");
        Assert.Equal("another", renamed.Comment);
    }

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task A_disposed_key_signs_no_more(string type)
    {
        SshPrivateKey key = await folder.ReadAsync(type);
        key.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => key.SignAsync(key.PublicKey.SignatureAlgorithms[0], new byte[1], default).AsTask());
        key.Dispose();
    }

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task A_key_signs_from_several_threads(string type)
    {
        using SshPrivateKey key = await folder.ReadAsync(type);
        string algorithm = key.PublicKey.SignatureAlgorithms[0];
        await Parallel.ForAsync(0, 32, async (i, _) =>
        {
            byte[] data = TestBytes.Of(64, i);
            byte[] signature = await key.SignAsync(algorithm, data, default);
            Assert.True(key.PublicKey.Verify(algorithm, data, signature));
        });
    }
}
