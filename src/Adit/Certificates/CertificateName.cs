using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Adit.Wording;

namespace Adit.Certificates;

/// <summary>What kind of name somebody is known by in a certificate.</summary>
internal enum CertificateNameKind
{
    /// <summary>A host's name, or a pattern such as <c>*.example.com</c>.</summary>
    Dns = 0,

    /// <summary>An IP address.</summary>
    Address,

    /// <summary>A person or a service, as name@domain.</summary>
    Email,

    /// <summary>A word that stands in the subject alone, such as the name of a database user.</summary>
    Plain,
}

/// <summary>A name that a certificate is made out to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As it stands in the certificate: ASCII, but for <see cref="CertificateNameKind.Plain"/>; addresses in their usual form.</param>
internal sealed record CertificateName(CertificateNameKind Kind, string Text)
{
    /// <summary>The longest common name that X.509 has (ub-common-name).</summary>
    internal const int MaxCommonName = 64;

    private const int MaxDnsName = 253;
    private const int MaxLabel = 63;
    private const int MaxEmailName = 64;
    private const int MaxLength = 1024;

    /// <summary>Reads a host's name, an address or name@domain.</summary>
    /// <exception cref="CertificateException">It is none of them.</exception>
    internal static CertificateName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > MaxLength)
            throw new CertificateException(text.Length == 0 ? "a name is empty" : $"a name is longer than {MaxLength} characters");
        if (text.Contains('@', StringComparison.Ordinal))
            return ParseEmail(text);
        if (text.Contains(':', StringComparison.Ordinal) || text.Split('.')[^1] is { Length: > 0 } last && last.All(char.IsAsciiDigit))
            return ParseAddress(text);
        return new(CertificateNameKind.Dns, Host(text, allowPattern: true)
            ?? throw new CertificateException($"{Printable.Text(text)} is neither a host's name, nor an address, nor name@domain"));
    }

    /// <summary>As <see cref="Parse"/>, but for who connects: another word will do too, which then stands in the subject alone.</summary>
    /// <exception cref="CertificateException">It cannot be a name.</exception>
    internal static CertificateName ParseClient(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (CertificateException) when (IsCommonName(text) && !text.AsSpan().ContainsAny('@', ':'))
        {
            return new(CertificateNameKind.Plain, text);
        }
    }

    /// <summary>Whether a text can stand in a subject.</summary>
    internal static bool IsCommonName(string text) =>
        text.Length is > 0 and <= MaxCommonName && text.Trim().Length == text.Length && Printable.Text(text) == text && !text.Any(char.IsSurrogate);

    /// <summary>Adds it to the names of a certificate.</summary>
    /// <returns>False where it stands in the subject alone.</returns>
    internal bool AddTo(SubjectAlternativeNameBuilder names)
    {
        ArgumentNullException.ThrowIfNull(names);
        switch (Kind)
        {
            case CertificateNameKind.Dns:
                names.AddDnsName(Text);
                return true;
            case CertificateNameKind.Address:
                names.AddIpAddress(IPAddress.Parse(Text));
                return true;
            case CertificateNameKind.Email:
                names.AddEmailAddress(Text);
                return true;
            default:
                return false;
        }
    }

    private static CertificateName ParseEmail(string text)
    {
        int at = text.LastIndexOf('@');
        string name = text[..at];
        bool isName = name.Length is > 0 and <= MaxEmailName && name.All(static c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c));
        return isName && Host(text[(at + 1)..], allowPattern: false) is { } domain
            ? new(CertificateNameKind.Email, $"{name}@{domain}")
            : throw new CertificateException($"{Printable.Text(text)} is not name@domain");
    }

    // IPAddress reads more than people mean: 1 is 0.0.0.1 to it, and 010.0.0.1 is 8.0.0.1.
    private static CertificateName ParseAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address)
        && (address.AddressFamily is AddressFamily.InterNetwork ? address.ToString() == text : !text.AsSpan().ContainsAny("%[]/"))
            ? new(CertificateNameKind.Address, address.ToString())
            : throw new CertificateException($"{Printable.Text(text)} is not an address; write it as 192.0.2.1 or 2001:db8::1, without port and zone");

    private static string? Host(string text, bool allowPattern)
    {
        // Invisible characters would be encoded like any others, and marks behind letters otherwise than by those who compose them first:
        // .NET does not, since this program knows no cultures. Such names can be given as xn--....
        if (!text.All(static c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' or '*'))
            return null;
        string ascii;
        try
        {
            ascii = new IdnMapping().GetAscii(text.ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return null;
        }

        if (ascii.Length > MaxDnsName)
            return null;
        string[] labels = ascii.Split('.');
        // A pattern of one label, or of two, would be everybody's.
        bool isPattern = allowPattern && labels is ["*", _, _, ..];
        return labels.Skip(isPattern ? 1 : 0).All(IsLabel) ? ascii : null;
    }

    // With underscores, which names of containers have.
    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabel && label[0] != '-' && label[^1] != '-' && label.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
