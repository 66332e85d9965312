using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Wording;

namespace Adit.Certificates;

/// <summary>What is known of the private key in a file of certificates.</summary>
internal enum KeyPresence
{
    /// <summary>There is none.</summary>
    Absent = 0,

    /// <summary>There is one, of a kind that can be compared.</summary>
    Known,

    /// <summary>There is one, but encrypted, broken or of another kind.</summary>
    Closed,
}

/// <summary>The certificates of a file (PEM, or one as DER), and the public half of the private key among them.</summary>
internal sealed class CertificateFile : IDisposable
{
    private const int MaxLength = 4 * 1024 * 1024;
    private const int MaxCertificates = 1000;

    private CertificateFile(IReadOnlyList<X509Certificate2> certificates, KeyPresence key, byte[]? publicKey, UnixFileMode? mode)
    {
        Certificates = certificates;
        Key = key;
        PublicKey = publicKey is null ? default(ReadOnlyMemory<byte>?) : publicKey;
        Mode = mode;
    }

    /// <summary>The certificates in their order, at least one, without keys.</summary>
    public IReadOnlyList<X509Certificate2> Certificates { get; }

    /// <summary>What is known of its first private key.</summary>
    public KeyPresence Key { get; }

    /// <summary>The SubjectPublicKeyInfo that belongs to a <see cref="KeyPresence.Known"/> key.</summary>
    public ReadOnlyMemory<byte>? PublicKey { get; }

    /// <summary>Who may read the file; null where the system does not say.</summary>
    public UnixFileMode? Mode { get; }

    /// <summary>Reads one.</summary>
    /// <exception cref="CertificateException">There is no certificate in it, or one that cannot be read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CertificateFile Read(string path)
    {
        if (Directory.Exists(path))
            throw new CertificateException($"{Printable.Text(path)} is a folder; name a file in it");
        using FileStream file = File.OpenRead(path);
        byte[] content = new byte[(file.CanSeek ? (int)Math.Min(file.Length, MaxLength) : MaxLength) + 1];
        char[] text = [];
        try
        {
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > MaxLength)
                throw new CertificateException($"{Printable.Text(path)} is over the limit of {MaxLength} bytes");
            UnixFileMode? mode = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(file.SafeFileHandle);
            ReadOnlySpan<byte> read = content.AsSpan(0, length);
            // Distinguished encoding begins with the tag of a sequence, which is the digit 0 in text.
            if (read.Length > 1 && read[0] == 0x30 && read[1] > 0x7f)
                return new([Load(read, path, 1)], KeyPresence.Absent, publicKey: null, mode);
            text = new char[length];
            Encoding.Latin1.GetChars(read, text);
            return ReadPem(text, path, mode);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            text.AsSpan().Clear();
        }
    }

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in Certificates)
            certificate.Dispose();
    }

    private static CertificateFile ReadPem(ReadOnlySpan<char> text, string path, UnixFileMode? mode)
    {
        var certificates = new List<X509Certificate2>();
        KeyPresence presence = text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) ? KeyPresence.Closed : KeyPresence.Absent;
        byte[]? publicKey = null;
        while (PemEncoding.TryFind(text, out PemFields found))
        {
            ReadOnlySpan<char> label = text[found.Label];
            if (label is "CERTIFICATE" or "X509 CERTIFICATE")
            {
                if (certificates.Count == MaxCertificates)
                    throw new CertificateException($"{Printable.Text(path)} holds more than {MaxCertificates} certificates");
                byte[] content = Convert.FromBase64String(text[found.Base64Data].ToString());
                certificates.Add(Load(content, path, certificates.Count + 1));
            }
            else if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) && publicKey is null)
            {
                publicKey = PublicHalf(label, text[found.Base64Data]);
            }

            text = text[found.Location.End..];
        }

        if (certificates.Count == 0)
            throw new CertificateException($"there is no certificate in {Printable.Text(path)}; a file in PEM has one behind a line -----BEGIN CERTIFICATE-----");
        return new(certificates, publicKey is null ? presence : KeyPresence.Known, publicKey, mode);
    }

    private static X509Certificate2 Load(ReadOnlySpan<byte> content, string path, int number)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(content);
        }
        catch (CryptographicException e)
        {
            throw new CertificateException($"certificate {number} of {Printable.Text(path)} cannot be read: {e.Message}", e);
        }
    }

    private static byte[]? PublicHalf(ReadOnlySpan<char> label, ReadOnlySpan<char> base64)
    {
        byte[] content = new byte[base64.Length];
        try
        {
            if (!Convert.TryFromBase64Chars(base64, content, out int length))
                return null;
            ReadOnlySpan<byte> key = content.AsSpan(0, length);
            return label switch
            {
                "EC PRIVATE KEY" => PublicHalf(key, ECDsa.Create(), static (ecdsa, key) => ecdsa.ImportECPrivateKey(key, out _)),
                "RSA PRIVATE KEY" => PublicHalf(key, RSA.Create(), static (rsa, key) => rsa.ImportRSAPrivateKey(key, out _)),
                "PRIVATE KEY" => PublicHalf(key, ECDsa.Create(), static (ecdsa, key) => ecdsa.ImportPkcs8PrivateKey(key, out _))
                    ?? PublicHalf(key, RSA.Create(), static (rsa, key) => rsa.ImportPkcs8PrivateKey(key, out _)),
                _ => null,
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static byte[]? PublicHalf<T>(ReadOnlySpan<byte> content, T key, Action<T, ReadOnlySpan<byte>> import)
        where T : AsymmetricAlgorithm
    {
        using (key)
        {
            try
            {
                import(key, content);
                return key.ExportSubjectPublicKeyInfo();
            }
            catch (CryptographicException)
            {
                return null;
            }
        }
    }
}
