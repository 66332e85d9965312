using System.Text;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>The revoked certificates of one signer, or of all: by serial and by key id.</summary>
internal sealed class RevokedCertificates
{
    private readonly HashSet<KeyDigest> _keyIds = [];

    public RevokedSerials Serials { get; } = new();

    /// <summary>Adds a key id, as its bytes; false if it was there.</summary>
    public bool AddKeyId(ReadOnlySpan<byte> keyId) => _keyIds.Add(KeyDigest.Sha256(keyId));

    /// <summary>By what the certificate is revoked, or null.</summary>
    public string? Finds(SshCertificate certificate)
    {
        if (_keyIds.Count > 0 && _keyIds.Contains(KeyDigest.Sha256(Encoding.UTF8.GetBytes(AsListed(certificate.KeyId)))))
            return $"key id \"{PeerText.Printable(certificate.KeyId)}\"";
        return Serials.Contains(certificate.Serial) ? $"serial {certificate.Serial}" : null;
    }

    // OpenSSH compares key ids up to a NUL.
    private static string AsListed(string keyId) => keyId.IndexOf('\0') is int end and >= 0 ? keyId[..end] : keyId;
}
