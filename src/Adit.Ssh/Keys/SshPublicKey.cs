using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>
/// A public key, or a certificate of one, as SSH exchanges it: RFC 4253 section 6.6, RFC 5656, RFC 8332, RFC 8709, OpenSSH's
/// PROTOCOL.certkeys. Immutable; safe to share.
/// </summary>
public sealed class SshPublicKey : IEquatable<SshPublicKey>
{
    private const int MaxBlobLength = 64 * 1024;

    private readonly byte[] _blob;
    private readonly KeyType _type;
    private readonly KeyVerifier _verifier;

    private SshPublicKey(byte[] blob, KeyType type, KeyVerifier verifier, SshCertificate? certificate)
    {
        _blob = blob;
        _type = type;
        _verifier = verifier;
        Certificate = certificate;
    }

    /// <summary>The type's name, such as <c>ssh-ed25519</c>.</summary>
    public string KeyType => _type.Name;

    /// <summary>The type as ssh shows it, such as <c>ED25519</c> or <c>RSA-CERT</c>.</summary>
    public string ShortName => _type.ShortName;

    /// <summary>The key as it goes over the wire.</summary>
    public ReadOnlyMemory<byte> Blob => _blob;

    /// <summary>The key's size in bits.</summary>
    public int Bits => _verifier.Bits;

    /// <summary>SHA-256 of the plain key, as ssh prints it: <c>SHA256:</c> and unpadded base64.</summary>
    public string Fingerprint => Certificate is null
        ? "SHA256:" + Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=')
        : Certificate.Key.Fingerprint;

    /// <summary>The signature algorithms that the key can be used with, strongest first. Never one with SHA-1.</summary>
    public IReadOnlyList<string> SignatureAlgorithms => _type.SignatureAlgorithms;

    /// <summary>What the certificate says, if this is one.</summary>
    public SshCertificate? Certificate { get; }

    /// <summary>The plain key: of a certificate the one that it certifies, else this.</summary>
    public SshPublicKey WithoutCertificate => Certificate?.Key ?? this;

    /// <summary>Reads a key from its blob.</summary>
    /// <exception cref="SshKeyException">It is malformed, of a type that is not served, or too weak; RSA needs 2048 bits.</exception>
    public static SshPublicKey Parse(ReadOnlySpan<byte> blob)
    {
        if (blob.Length > MaxBlobLength)
            throw new SshKeyException(SshKeyError.Malformed, $"a key of {blob.Length} bytes is over the limit of {MaxBlobLength}");
        try
        {
            return Read(blob);
        }
        catch (SshFormatException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the key is malformed: {e.Message}", e);
        }
    }

    /// <summary>Reads a line of a .pub file: type, base64, comment. False when it is no such line of a served type.</summary>
    public static bool TryParseLine(string line, [NotNullWhen(true)] out SshPublicKey? key, out string comment)
    {
        ArgumentNullException.ThrowIfNull(line);
        key = null;
        comment = string.Empty;
        string[] fields = line.Trim().Split((char[])[' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 2 || fields[1].Length > MaxBlobLength * 2)
            return false;
        byte[] blob = new byte[fields[1].Length];
        if (!Convert.TryFromBase64String(fields[1], blob, out int length))
            return false;
        try
        {
            SshPublicKey parsed = Parse(blob.AsSpan(0, length));
            if (parsed.KeyType != fields[0])
                return false;
            key = parsed;
        }
        catch (SshKeyException)
        {
            return false;
        }

        comment = fields.Length > 2 ? fields[2].Trim() : string.Empty;
        return true;
    }

    /// <summary>Checks a signature of this key.</summary>
    /// <param name="signatureAlgorithm">The algorithm that was agreed; the signature must be of exactly that.</param>
    /// <param name="data">What was signed.</param>
    /// <param name="signatureBlob">Format and signature, RFC 4253 section 6.6.</param>
    /// <returns>False for a wrong, malformed or differently made signature.</returns>
    public bool Verify(string signatureAlgorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signatureBlob)
    {
        if (!SignatureAlgorithms.Contains(signatureAlgorithm))
            return false;
        string plain = Keys.KeyType.WithoutCertificate(signatureAlgorithm);
        try
        {
            var reader = new SshReader(signatureBlob);
            string format = reader.ReadName();
            ReadOnlySpan<byte> signature = reader.ReadString();
            return reader.AtEnd && format == plain && _verifier.Verify(plain, data, signature);
        }
        catch (SshFormatException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] SshPublicKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SshPublicKey);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }

    /// <summary>Type and base64, as in a .pub file.</summary>
    public override string ToString() => $"{KeyType} {Convert.ToBase64String(_blob)}";

    internal static SshPublicKey FromFields(string plainType, ReadOnlySpan<byte> fields)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(plainType);
        writer.WriteBytes(fields);
        byte[] blob = writer.ToArray();
        writer.Dispose();
        return Read(blob);
    }

    private static SshPublicKey Read(ReadOnlySpan<byte> blob)
    {
        var reader = new SshReader(blob);
        KeyType type = Keys.KeyType.Named(reader.ReadName());
        if (type.IsCertificate)
        {
            SshCertificate certificate = SshCertificate.Read(type, blob, ref reader);
            return new(blob.ToArray(), type, certificate.Key._verifier, certificate);
        }

        KeyVerifier verifier = KeyVerifier.Read(type.Name, ref reader);
        reader.ReadEnd();
        return new(blob.ToArray(), type, verifier, null);
    }
}
