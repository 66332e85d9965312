using Adit.Wording;

namespace Adit.Certificates;

/// <summary>What a certificate is good for.</summary>
[Flags]
internal enum CertificateUse
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Servers show it.</summary>
    Server = 1,

    /// <summary>Clients show it.</summary>
    Client = 2,
}

/// <summary>The kind of key that is made with a certificate.</summary>
internal enum CertificateKeyKind
{
    /// <summary>ECDSA on P-256.</summary>
    Ecdsa = 0,

    /// <summary>RSA of 3072 bits, for peers that know nothing else.</summary>
    Rsa,
}

/// <summary>What a certificate is to say.</summary>
internal sealed record CertificateWish
{
    /// <summary>Days that it holds for where nothing else is wished.</summary>
    internal const int UsualDays = 365;

    /// <summary>The longest that it may hold for, in days.</summary>
    internal const int MaxDays = 3650;

    private const int MaxNames = 100;
    private const int MaxUri = 2048;
    private string? _unit;
    private string? _uri;

    /// <summary>Whom it is made out to. The first is the subject's common name where it is short enough for that.</summary>
    /// <exception cref="CertificateException">There is none, or there are too many.</exception>
    public required IReadOnlyList<CertificateName> Names
    {
        get;
        init => field = value.Count is > 0 and <= MaxNames ? [.. value.Distinct()]
            : throw new CertificateException($"a certificate has 1 to {MaxNames} names, and {value.Count} are given");
    }

    /// <summary>What it is good for.</summary>
    public required CertificateUse Use { get; init; }

    /// <summary>The subject's organizational unit; null for none.</summary>
    /// <exception cref="CertificateException">It cannot be one.</exception>
    public string? Unit
    {
        get => _unit;
        init => _unit = value is null || CertificateName.IsCommonName(value) ? value
            : throw new CertificateException($"an organizational unit has 1 to {CertificateName.MaxCommonName} characters that can be printed, and no space around them");
    }

    /// <summary>A URI among its names, such as spiffe://example.org/db; null for none.</summary>
    /// <exception cref="CertificateException">It cannot be one.</exception>
    public string? Uri
    {
        get => _uri;
        init => _uri = value is null ? null : Checked(value);
    }

    /// <summary>The kind of its key.</summary>
    public CertificateKeyKind Key { get; init; }

    /// <summary>How many days it holds for.</summary>
    /// <exception cref="CertificateException">Fewer than one or more than <see cref="MaxDays"/>.</exception>
    public int Days
    {
        get;
        init => field = value is > 0 and <= MaxDays ? value : throw new CertificateException($"a certificate holds for 1 to {MaxDays} days");
    } = UsualDays;

    // It goes into the certificate as .NET writes it, so that has to be what was asked for: who compares it does so letter by letter.
    private static string Checked(string text)
    {
        if (text.Length > MaxUri || !System.Uri.TryCreate(text, UriKind.Absolute, out Uri? uri))
            throw new CertificateException($"{Printable.Text(text[..Math.Min(text.Length, CertificateName.MaxCommonName)])} is not a URI such as spiffe://example.org/db");
        return uri.AbsoluteUri == text ? text : throw new CertificateException($"the URI would be written {Printable.Text(uri.AbsoluteUri)}; give it like that");
    }
}
