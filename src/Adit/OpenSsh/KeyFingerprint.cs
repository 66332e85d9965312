using System.Globalization;
using System.Security.Cryptography;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>What people compare keys by, ssh_config(5) FingerprintHash. Of a certificate it is that of its key.</summary>
internal static class KeyFingerprint
{
    /// <summary>The fingerprint as ssh prints it, with the name of the hash in front.</summary>
    public static string Text(SshPublicKey key, FingerprintHash hash) => hash is FingerprintHash.Md5
        ? "MD5:" + string.Join(':', Digest(key, hash).Select(static part => part.ToString("x2", CultureInfo.InvariantCulture)))
        : key.Fingerprint;

    /// <summary>The fingerprint as a picture, several lines without a last line end; see <see cref="RandomArt"/>.</summary>
    public static string Picture(SshPublicKey key, FingerprintHash hash) =>
        RandomArt.Draw(Digest(key, hash), key.ShortName, key.Bits, hash is FingerprintHash.Md5 ? "MD5" : "SHA256");

#pragma warning disable CA5351 // For people whose notes have it: who asks for MD5 (FingerprintHash md5) compares what was written down so.
    private static byte[] Digest(SshPublicKey key, FingerprintHash hash) => hash is FingerprintHash.Md5
        ? MD5.HashData(key.WithoutCertificate.Blob.Span)
        : SHA256.HashData(key.WithoutCertificate.Blob.Span);
#pragma warning restore CA5351
}
