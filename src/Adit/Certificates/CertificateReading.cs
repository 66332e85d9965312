using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Wording;

namespace Adit.Certificates;

/// <summary>What a certificate says, in words for people. Its texts come from whoever made it.</summary>
internal static class CertificateReading
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private const int RegisteredEmail = 1;
    private const int RegisteredDns = 2;
    private const int RegisteredUri = 6;
    private const int RegisteredAddress = 7;

    /// <summary>The certificate's SHA-256, as <c>sha256:</c> and 64 digits.</summary>
    internal static string Fingerprint(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return "sha256:" + Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
    }

    /// <summary>The SHA-256 of its public key (SubjectPublicKeyInfo), which stays when the certificate is renewed with the same key.</summary>
    internal static string KeyPin(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>When it begins to hold.</summary>
    internal static DateTimeOffset Begins(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    /// <summary>When it ends.</summary>
    internal static DateTimeOffset Ends(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    /// <summary>A subject or an issuer.</summary>
    internal static string Name(X500DistinguishedName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Name is { Length: > 0 } text ? Printable.Text(text) : "(empty)";
    }

    /// <summary>Its names beside the subject, each with its kind.</summary>
    internal static IReadOnlyList<string> Names(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (certificate.Extensions[SubjectAlternativeName] is not { } extension)
            return [];
        var names = new List<string>();
        try
        {
            AsnReader all = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (all.HasData)
                names.Add(Printable.Text(ReadName(all)));
        }
        catch (AsnContentException)
        {
            names.Add("(unreadable)");
        }

        return names;
    }

    private static string ReadName(AsnReader names)
    {
        Asn1Tag tag = names.PeekTag();
        switch (tag.TagValue)
        {
            case RegisteredEmail:
                return "email " + names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
            case RegisteredDns:
                return "DNS " + names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
            case RegisteredUri:
                return "URI " + names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
            case RegisteredAddress when names.ReadOctetString(tag) is var address:
                return "IP " + (address.Length is 4 or 16 ? new IPAddress(address).ToString() : Convert.ToHexStringLower(address));
            default:
                names.ReadEncodedValue();
                return "(another kind)";
        }
    }
}
