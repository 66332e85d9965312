using System.Security.Cryptography;

namespace Adit.Ssh.Keys;

/// <summary>
/// Keys and certificates that must not be accepted, whatever else speaks for them: what <c>RevokedKeys</c> of sshd_config names. The file is
/// a Key Revocation List of ssh-keygen -k (OpenSSH's PROTOCOL.krl), or public keys, one a line. Immutable; safe to share.
/// </summary>
public sealed class RevokedKeys
{
    /// <summary>The longest file that is read, in bytes.</summary>
    public const int MaxFileLength = 64 * 1024 * 1024;

    private const int MaxEntries = 1 << 20;
    private const int MaxSigners = 4096;

    private readonly string _source;
    private readonly HashSet<KeyDigest> _keys = [];
    private readonly HashSet<KeyDigest> _sha1 = [];
    private readonly HashSet<KeyDigest> _sha256 = [];
    private readonly Dictionary<KeyDigest, RevokedCertificates> _bySigner = [];
    private int _entries;

    private RevokedKeys(string source)
    {
        _source = source;
    }

    /// <summary>What is revoked of every signer.</summary>
    internal RevokedCertificates CertificatesOfAnySigner { get; } = new();

    /// <summary>Reads a file of revoked keys. An empty one revokes nothing, as with sshd.</summary>
    /// <param name="file">Its content.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <exception cref="SshKeyException">
    /// The file is malformed, cut off, over a limit, or holds what must be understood and is not. The message names the file and the line or
    /// byte. Nobody can tell then what is revoked: accept no key.
    /// </exception>
    public static RevokedKeys Parse(ReadOnlySpan<byte> file, string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (file.Length > MaxFileLength)
            throw new SshKeyException(SshKeyError.Malformed, $"{source} has {file.Length} bytes; a file of revoked keys may have {MaxFileLength}");
        var revoked = new RevokedKeys(source);
        if (KeyRevocationList.IsOne(file))
            new KeyRevocationList(revoked, source).Read(file);
        else
            RevokedKeyLines.Read(file, revoked, source);
        revoked.Sort();
        return revoked;
    }

    /// <summary>
    /// Why the key must be refused, such as "revoked by serial 7 (FILE)", or null when it is not revoked. A certificate is also revoked with
    /// the key that it certifies and with the key that signed it.
    /// </summary>
    public string? Refuses(SshPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Finds(key.WithoutCertificate) is { } byKey)
            return $"revoked by {byKey} ({_source})";
        if (key.Certificate is not { } certificate)
            return null;
        if (Finds(certificate) is { } byCertificate)
            return $"revoked by {byCertificate} ({_source})";
        return Finds(certificate.SigningKey) is { } bySigner ? $"signed by a key that is revoked by {bySigner} ({_source})" : null;
    }

    /// <summary>Revokes a plain key.</summary>
    internal void AddKey(ReadOnlySpan<byte> blob) => Count(_keys.Add(KeyDigest.Sha256(blob)));

    /// <summary>Revokes the plain key with this digest, of SHA-1 or SHA-256 by its length.</summary>
    internal void AddFingerprint(ReadOnlySpan<byte> digest) =>
        Count((digest.Length == SHA1.HashSizeInBytes ? _sha1 : _sha256).Add(KeyDigest.Given(digest)));

    /// <summary>Revokes the certificates with this key id.</summary>
    internal void AddKeyId(RevokedCertificates certificates, ReadOnlySpan<byte> keyId) => Count(certificates.AddKeyId(keyId));

    /// <summary>The revoked certificates of a signer, a plain key.</summary>
    internal RevokedCertificates CertificatesOf(ReadOnlySpan<byte> signer)
    {
        KeyDigest digest = KeyDigest.Sha256(signer);
        if (_bySigner.TryGetValue(digest, out RevokedCertificates? certificates))
            return certificates;
        if (_bySigner.Count == MaxSigners)
            throw new SshKeyException(SshKeyError.Malformed, $"certificates of more than {MaxSigners} signers are revoked");
        certificates = new();
        _bySigner.Add(digest, certificates);
        return certificates;
    }

    private string? Finds(SshPublicKey plain)
    {
        ReadOnlySpan<byte> blob = plain.Blob.Span;
        KeyDigest sha256 = KeyDigest.Sha256(blob);
        if (_keys.Contains(sha256))
            return "key";
        if (_sha256.Contains(sha256))
            return "SHA256 fingerprint";
        return _sha1.Count > 0 && _sha1.Contains(KeyDigest.Sha1(blob)) ? "SHA1 fingerprint" : null;
    }

    private string? Finds(SshCertificate certificate)
    {
        RevokedCertificates? ofSigner = _bySigner.GetValueOrDefault(KeyDigest.Sha256(certificate.SigningKey.Blob.Span));
        return ofSigner?.Finds(certificate) ?? CertificatesOfAnySigner.Finds(certificate);
    }

    private void Count(bool isNew)
    {
        if (isNew && ++_entries > MaxEntries)
            throw new SshKeyException(SshKeyError.Malformed, $"more than {MaxEntries} keys, fingerprints and key ids are revoked");
    }

    private void Sort()
    {
        CertificatesOfAnySigner.Serials.Sort();
        foreach (RevokedCertificates certificates in _bySigner.Values)
            certificates.Serials.Sort();
    }
}
