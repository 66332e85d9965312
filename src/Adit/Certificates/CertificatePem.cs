using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Adit.Certificates;

/// <summary>Certificates and keys as PEM.</summary>
internal static class CertificatePem
{
    private const string KeyLabel = "PRIVATE KEY";

    /// <summary>The certificate, and those behind it, without a key.</summary>
    internal static byte[] Certificates(params IEnumerable<X509Certificate2> certificates)
    {
        var text = new StringBuilder();
        foreach (X509Certificate2 certificate in certificates)
            text.Append(certificate.ExportCertificatePem()).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>The private key of a certificate (PKCS #8). The caller overwrites it after use.</summary>
    /// <exception cref="CertificateException">There is none, or none of a kind that can be written.</exception>
    internal static byte[] PrivateKey(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using AsymmetricAlgorithm key = certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm?)certificate.GetRSAPrivateKey()
            ?? throw new CertificateException("the certificate has no private key that is ECDSA or RSA");
        byte[] content = key.ExportPkcs8PrivateKey();
        try
        {
            byte[] pem = new byte[PemEncoding.GetEncodedSize(KeyLabel.Length, content.Length) + 1];
            byte[] written = PemEncoding.WriteUtf8("PRIVATE KEY"u8, content);
            written.CopyTo(pem, 0);
            CryptographicOperations.ZeroMemory(written);
            pem[^1] = (byte)'\n';
            return pem;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>All that its owner needs in one: the certificate, those behind it, and the key. The caller overwrites it after use.</summary>
    /// <exception cref="CertificateException">There is no key that can be written.</exception>
    internal static byte[] WithKey(X509Certificate2 certificate, params IEnumerable<X509Certificate2> chain)
    {
        byte[] key = PrivateKey(certificate);
        byte[] all = [.. Certificates([certificate, .. chain]), .. key];
        CryptographicOperations.ZeroMemory(key);
        return all;
    }
}
