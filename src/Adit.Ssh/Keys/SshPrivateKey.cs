using System.Security.Cryptography;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>
/// A private key in memory. Reads openssh-key-v1 (OpenSSH's PROTOCOL.key), PKCS#1, SEC1 and PKCS#8 files, plain and encrypted.
/// Safe to sign with from several threads. Disposing it clears the secret; keys made by <see cref="WithCertificate"/> share it.
/// </summary>
public sealed class SshPrivateKey : ISshSigner, IDisposable
{
    /// <summary>Largest key file that is read, in bytes.</summary>
    public const int MaxFileLength = 64 * 1024;

    private readonly KeySigner _signer;

    private SshPrivateKey(KeySigner signer, SshPublicKey publicKey, string source, string comment)
    {
        _signer = signer;
        PublicKey = publicKey;
        Source = source;
        Comment = comment;
    }

    /// <inheritdoc/>
    public SshPublicKey PublicKey { get; }

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>The comment in the file, often <c>user@host</c>.</summary>
    public string Comment { get; }

    /// <summary>Reads a key file.</summary>
    /// <param name="file">The file's content.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="passphrase">Its passphrase in UTF-8; empty for none.</param>
    /// <exception cref="SshKeyException">The file cannot be used; its kind says why.</exception>
    public static SshPrivateKey Parse(ReadOnlySpan<byte> file, string source, ReadOnlySpan<byte> passphrase = default)
    {
        RequireReadable(file);
        try
        {
            string comment = string.Empty;
            KeySigner signer = OpenSshKeyFile.IsOne(file)
                ? OpenSshKeyFile.Read(file, passphrase, out comment)
                : PemKeyFile.Read(file, passphrase);
            return new(signer, signer.PublicKey, source, comment);
        }
        catch (SshFormatException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the key file is malformed: {e.Message}", e);
        }
    }

    /// <summary>Whether a passphrase is needed to read the file.</summary>
    /// <exception cref="SshKeyException">The file is no private key.</exception>
    public static bool IsEncrypted(ReadOnlySpan<byte> file)
    {
        RequireReadable(file);
        try
        {
            return OpenSshKeyFile.IsOne(file) ? OpenSshKeyFile.IsEncrypted(file) : PemKeyFile.IsEncrypted(file);
        }
        catch (SshFormatException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the key file is malformed: {e.Message}", e);
        }
    }

    /// <summary>The public key of a file without its passphrase: openssh-key-v1 holds it in clear. Null for other formats.</summary>
    /// <exception cref="SshKeyException">The file is malformed.</exception>
    public static SshPublicKey? PeekPublicKey(ReadOnlySpan<byte> file)
    {
        RequireReadable(file);
        try
        {
            return OpenSshKeyFile.IsOne(file) ? OpenSshKeyFile.ReadPublicKey(file) : null;
        }
        catch (SshFormatException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the key file is malformed: {e.Message}", e);
        }
    }

    /// <summary>Makes a new key.</summary>
    /// <param name="keyType">ssh-ed25519, ecdsa-sha2-nistp256/384/521 or ssh-rsa.</param>
    /// <param name="bits">For RSA, 2048 to 16384, a multiple of 8; 0 for 3072. Other types have one size, and it is ignored.</param>
    /// <param name="comment">What to call it.</param>
    /// <exception cref="SshKeyException">The type is not served, or the size not allowed.</exception>
    public static SshPrivateKey Generate(string keyType, int bits = 0, string comment = "")
    {
        if (keyType == "ssh-rsa" && bits != 0 && (bits is < RsaVerifier.MinBits or > RsaVerifier.MaxBits || bits % 8 != 0))
        {
            throw new SshKeyException(
                SshKeyError.Unsupported, $"RSA keys are made with {RsaVerifier.MinBits} to {RsaVerifier.MaxBits} bits, a multiple of 8");
        }

        KeySigner signer = KeySigner.Generate(keyType, bits);
        return new(signer, signer.PublicKey, comment.Length > 0 ? comment : "generated key", comment);
    }

    /// <summary>The key as an openssh-key-v1 file, encrypted with aes256-ctr when a passphrase is given.</summary>
    public byte[] ToOpenSshFormat(ReadOnlySpan<byte> passphrase = default, string? comment = null) =>
        OpenSshKeyFile.Write(_signer, passphrase, comment ?? Comment);

    /// <summary>The same key presenting a certificate.</summary>
    /// <exception cref="SshKeyException">The certificate is for another key, or is none.</exception>
    public SshPrivateKey WithCertificate(SshPublicKey certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (certificate.Certificate is null || !certificate.WithoutCertificate.Equals(_signer.PublicKey))
            throw new SshKeyException(SshKeyError.Malformed, "the certificate is for another key");
        return new(_signer, certificate, Source, Comment);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!PublicKey.SignatureAlgorithms.Contains(signatureAlgorithm))
            throw new SshKeyException(SshKeyError.Unsupported, $"a {PublicKey.KeyType} key does not sign with {signatureAlgorithm}");
        string plain = KeyType.WithoutCertificate(signatureAlgorithm);
        try
        {
            var writer = new SshWriter(stackalloc byte[1024]);
            writer.WriteString(plain);
            writer.WriteString(_signer.Sign(plain, data.Span));
            byte[] blob = writer.ToArray();
            writer.Dispose();
            return ValueTask.FromResult(blob);
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.Refused, $"the key cannot sign: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _signer.Dispose();

    // draft-ietf-sshm-ssh-agent section 3.2, behind the message's number and in front of the comment.
    internal void WriteForAgent(ref SshWriter writer)
    {
        writer.WriteString(PublicKey.KeyType);
        _signer.Write(ref writer, PublicKey.Certificate is null ? default : PublicKey.Blob.Span);
    }

    private static void RequireReadable(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxFileLength)
            throw new SshKeyException(SshKeyError.Malformed, $"a key file of {file.Length} bytes is over the limit of {MaxFileLength}");
        if (file.StartsWith("PuTTY-User-Key-File"u8))
            throw new SshKeyException(SshKeyError.Unsupported, "the file is PuTTY's; export it with puttygen KEY.ppk -O private-openssh -o KEY");
    }
}
