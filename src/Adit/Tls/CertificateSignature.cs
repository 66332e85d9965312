using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tls;

/// <summary>Verifies what the key of a certificate has signed.</summary>
internal static class CertificateSignature
{
    /// <summary>Whether the certificate's key has signed it, with SHA-256 or better. What SHA-1 was signed with can be forged.</summary>
    /// <param name="signer">The certificate.</param>
    /// <param name="algorithm">The signature's algorithm, as object identifier.</param>
    /// <param name="signed">What is signed.</param>
    /// <param name="signature">The signature.</param>
    public static bool IsBy(X509Certificate2 signer, string algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        HashAlgorithmName? hash = algorithm switch
        {
            "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
            _ => null,
        };
        if (hash is not { } name)
            return false;
        using RSA? rsa = signer.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.VerifyData(signed, signature, name, RSASignaturePadding.Pkcs1);
        using ECDsa? ecdsa = signer.GetECDsaPublicKey();
        return ecdsa is not null && ecdsa.VerifyData(signed, signature, name, DSASignatureFormat.Rfc3279DerSequence);
    }
}
