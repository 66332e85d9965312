using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>The names of a certificate's subject, beyond those that .NET tells (RFC 5280 sections 4.1.2.6 and 4.2.1.6).</summary>
internal static class SubjectNames
{
    private const string AlternativeName = "2.5.29.17";
    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";
    private const int Mail = 1;
    private const int Dns = 2;
    private const int Uri = 6;
    private const int MostNames = 16;
    private const int LongestName = 256;

    /// <summary>Its mail addresses.</summary>
    public static IReadOnlyList<string> MailsOf(X509Certificate2 certificate) => AlternativesOf(certificate, Mail);

    /// <summary>Its DNS names.</summary>
    public static IReadOnlyList<string> DnsOf(X509Certificate2 certificate) => AlternativesOf(certificate, Dns);

    /// <summary>Its URIs.</summary>
    public static IReadOnlyList<string> UrisOf(X509Certificate2 certificate) => AlternativesOf(certificate, Uri);

    /// <summary>Its common names.</summary>
    public static IReadOnlyList<string> CommonNamesOf(X509Certificate2 certificate) => PartsOf(certificate, CommonName);

    /// <summary>Its organizational units.</summary>
    public static IReadOnlyList<string> UnitsOf(X509Certificate2 certificate) => PartsOf(certificate, OrganizationalUnit);

    /// <summary>All of them that there are, and the fingerprint of the key, as rules name them; for people.</summary>
    public static string InWords(X509Certificate2 certificate)
    {
        string[] names =
        [
            .. CommonNamesOf(certificate).Select(static name => $"CN={name}"),
            .. UnitsOf(certificate).Select(static name => $"OU={name}"),
            .. DnsOf(certificate).Select(static name => $"DNS={name}"),
            .. UrisOf(certificate).Select(static name => $"URI={name}"),
        ];
        IEnumerable<string> shown = names.Length > MostNames ? names.Take(MostNames).Append("…") : names;
        return Printable.Text(string.Join(", ", shown.Select(Cut).Append($"SPKI={CertificateReading.KeyPin(certificate)}")));

        static string Cut(string name) => name.Length > LongestName ? name[..LongestName] + "…" : name;
    }

    private static string[] PartsOf(X509Certificate2 certificate, string type) =>
    [
        .. certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == type)
            .Select(static part => part.GetSingleElementValue())
            .OfType<string>(),
    ];

    // A certificate whose names cannot be read has none.
    private static List<string> AlternativesOf(X509Certificate2 certificate, int kind)
    {
        List<string> names = [];
        if (certificate.Extensions[AlternativeName] is not { } extension)
            return names;
        try
        {
            var tag = new Asn1Tag(TagClass.ContextSpecific, kind);
            AsnReader all = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (all.HasData)
            {
                if (all.PeekTag() == tag)
                    names.Add(all.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                else
                    all.ReadEncodedValue();
            }
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("the names in the certificate cannot be read", e);
        }

        return names;
    }
}
