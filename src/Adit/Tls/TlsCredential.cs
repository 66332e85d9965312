using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Adit.Tls;

/// <summary>A certificate with its key, and the certificates between it and its authority: what this end shows. Immutable; safe from any thread.</summary>
internal sealed class TlsCredential
{
    private TlsCredential(X509Certificate2 certificate, X509Certificate2Collection others)
    {
        Certificate = certificate;
        var between = new X509Certificate2Collection();
        foreach (X509Certificate2 one in others.Where(one => !one.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span) && !IsRoot(one)))
            between.Add(one);
        // Nothing is looked for on the network.
        Context = SslStreamCertificateContext.Create(certificate, between, offline: true);
    }

    /// <summary>The certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What <see cref="SslStream"/> wants.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Takes a certificate that was made elsewhere.</summary>
    /// <param name="certificate">The certificate, with its key.</param>
    /// <param name="others">The certificates between it and its authority.</param>
    public static TlsCredential Of(X509Certificate2 certificate, X509Certificate2Collection? others = null) => new(certificate, others ?? []);

    /// <summary>Reads files.</summary>
    /// <param name="certificatePath">A PEM file, the certificate itself first; or PKCS#12.</param>
    /// <param name="keyPath">A PEM file with the key; null where it is in the first file.</param>
    /// <exception cref="TlsFileException">A file cannot be read or used; the message names it.</exception>
    public static TlsCredential Load(string certificatePath, string? keyPath = null)
    {
        bool isOne = keyPath is null || keyPath == certificatePath;
        byte[] certificate = TlsFile.Read(certificatePath, holdsKey: isOne);
        byte[] key = isOne ? certificate : TlsFile.Read(keyPath!, holdsKey: true);
        char[] text = [];
        char[] keyText = [];
        try
        {
            if (!TlsFile.IsPem(certificate))
                return LoadPkcs12(certificate);
            text = Encoding.UTF8.GetChars(certificate);
            keyText = Encoding.UTF8.GetChars(key);
            X509Certificate2Collection all = [];
            all.ImportFromPem(text);
            return new(X509Certificate2.CreateFromPem(text, keyText), all);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new TlsFileException($"{(isOne ? certificatePath : $"{certificatePath} and {keyPath}")}: this is not a certificate with its key: {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(certificate);
            Array.Clear(text);
            Array.Clear(keyText);
        }
    }

    private static TlsCredential LoadPkcs12(byte[] bytes)
    {
        X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12Collection(bytes, password: null);
        return new(all.FirstOrDefault(static one => one.HasPrivateKey) ?? throw new CryptographicException("no certificate in it has a key"), all);
    }

    private static bool IsRoot(X509Certificate2 certificate) => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
