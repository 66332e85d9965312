using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Tls;

namespace Adit.Gateway.Configuration;

/// <summary>
/// One rule of AditTlsUser: <c>CN=joe</c>, <c>OU=ops</c>, <c>DNS=*.example.com</c>, <c>URI=spiffe://example.com/db/**</c>, which a certificate
/// fits that has such a name, or <c>SPKI=sha256:…</c>, which the one with this public key fits. Immutable.
/// </summary>
internal sealed class CertificateRule
{
    private const string One = "*";
    private const string Rest = "**";
    private const string Digest = "sha256:";
    private const int DigestBytes = 32;

    private readonly Func<X509Certificate2, IEnumerable<string>> _namesOf;
    private readonly Func<string, bool> _fits;

    private CertificateRule(string text, bool isKey, Func<X509Certificate2, IEnumerable<string>> namesOf, Func<string, bool> fits)
    {
        Text = text;
        IsKey = isKey;
        _namesOf = namesOf;
        _fits = fits;
    }

    /// <summary>The rule as written.</summary>
    public string Text { get; }

    /// <summary>Whether it is about the key alone, whatever an authority says of it.</summary>
    public bool IsKey { get; }

    /// <exception cref="FormatException">The text is no rule; the message says why.</exception>
    public static CertificateRule Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || equals == text.Length - 1)
            throw NoRule(text);
        string value = text[(equals + 1)..];
        switch (text[..equals].ToUpperInvariant())
        {
            case "CN":
                return new(text, isKey: false, SubjectNames.CommonNamesOf, Exactly(text, value));
            case "OU":
                return new(text, isKey: false, SubjectNames.UnitsOf, Exactly(text, value));
            case "DNS":
                return new(text, isKey: false, SubjectNames.DnsOf, InSegments(text, value, '.', StringComparison.OrdinalIgnoreCase));
            case "URI":
                return new(text, isKey: false, SubjectNames.UrisOf, InSegments(text, value, '/', StringComparison.Ordinal));
            case "SPKI":
                string fingerprint = Fingerprint(text, value);
                return new(text, isKey: true, static certificate => [CertificateReading.KeyPin(certificate)], key => key == fingerprint);
            default:
                throw NoRule(text);
        }
    }

    /// <summary>Whether a certificate fits. Names count only where an authority vouches for them.</summary>
    public bool Fits(X509Certificate2 certificate, bool isFromAuthority) => (IsKey || isFromAuthority) && _namesOf(certificate).Any(_fits);

    private static Func<string, bool> Exactly(string text, string value) => value.Contains('*', StringComparison.Ordinal)
        ? throw new FormatException($"\"{text}\" is no rule: CN and OU are compared as they are; wildcards are for DNS and URI")
        : name => name == value;

    private static Func<string, bool> InSegments(string text, string pattern, char separator, StringComparison comparison)
    {
        string[] wanted = pattern.Split(separator);
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i].Contains('*', StringComparison.Ordinal) && wanted[i] is not One && !(wanted[i] is Rest && i == wanted.Length - 1))
                throw new FormatException($"\"{text}\" is no rule: * stands for a whole part between two \"{separator}\", and ** for all that is left, at the end");
        }

        return name => FitsSegments(name.Split(separator), wanted, comparison);
    }

    private static bool FitsSegments(string[] parts, string[] wanted, StringComparison comparison)
    {
        bool isOpen = wanted[^1] is Rest;
        if (isOpen ? parts.Length < wanted.Length : parts.Length != wanted.Length)
            return false;
        int compared = isOpen ? wanted.Length - 1 : wanted.Length;
        for (int i = 0; i < compared; i++)
        {
            if (wanted[i] is One ? parts[i].Length == 0 : !parts[i].Equals(wanted[i], comparison))
                return false;
        }

        // An empty rest is none.
        return !isOpen || parts.Length > wanted.Length || parts[^1].Length > 0;
    }

    private static string Fingerprint(string text, string value)
    {
        string expected = $"\"{text}\" is no rule: write SPKI={Digest} and the 64 hexadecimal digits of the public key's SHA-256, or the same in base64";
        if (!value.StartsWith(Digest, StringComparison.OrdinalIgnoreCase))
            throw new FormatException(expected);
        string digest = value[Digest.Length..];
        try
        {
            byte[] bytes = digest.Length == 2 * DigestBytes ? Convert.FromHexString(digest) : Convert.FromBase64String(digest);
            return bytes.Length == DigestBytes ? Digest + Convert.ToHexStringLower(bytes) : throw new FormatException(expected);
        }
        catch (FormatException e)
        {
            throw new FormatException(expected, e);
        }
    }

    private static FormatException NoRule(string text) =>
        new($"\"{text}\" is no rule: write CN=name, OU=name, DNS=name, URI=uri or SPKI={Digest}digest");
}
