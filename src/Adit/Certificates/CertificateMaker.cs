using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Certificates;

/// <summary>Makes keys and certificates for them. Safe for concurrent calls.</summary>
/// <param name="clock">Says when they begin.</param>
internal sealed class CertificateMaker(TimeProvider clock)
{
    /// <summary>Days that an authority holds for where nothing else is wished.</summary>
    internal const int UsualAuthorityDays = 3653;

    private const int MaxAuthorityDays = 7305;
    private const int RsaBits = 3072;
    private const int SerialBytes = 20;
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    // The clock of a peer may be a little late.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(5);

    /// <summary>Makes a certificate that vouches for itself.</summary>
    /// <returns>The certificate with its key. The caller disposes of it.</returns>
    public X509Certificate2 MakeSelfSigned(CertificateWish wish)
    {
        ArgumentNullException.ThrowIfNull(wish);
        using var key = NewKey.Make(wish.Key);
        CertificateRequest request = key.Request(SubjectOf(wish));
        Describe(request, wish);
        (DateTimeOffset from, DateTimeOffset until) = Span(wish.Days);
        return key.Complete(request, request.SubjectName, key.Signer, from, until);
    }

    /// <summary>Makes an authority that may sign certificates, but no further authorities.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kind">The kind of its key.</param>
    /// <param name="days">How many days it holds for.</param>
    /// <returns>The certificate with its key. The caller disposes of it.</returns>
    /// <exception cref="CertificateException">The name or the days cannot be.</exception>
    public X509Certificate2 MakeAuthority(string name, CertificateKeyKind kind = CertificateKeyKind.Ecdsa, int days = UsualAuthorityDays)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!CertificateName.IsCommonName(name))
            throw new CertificateException($"the name of an authority has 1 to {CertificateName.MaxCommonName} characters that can be printed, and no space around them");
        if (days is < 1 or > MaxAuthorityDays)
            throw new CertificateException($"an authority holds for 1 to {MaxAuthorityDays} days");
        using var key = NewKey.Make(kind);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        CertificateRequest request = key.Request(subject.Build());
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        AddIdentifiers(request, issuer: null);
        (DateTimeOffset from, DateTimeOffset until) = Span(days);
        return key.Complete(request, request.SubjectName, key.Signer, from, until);
    }

    /// <summary>Makes a certificate that an authority signs. It ends no later than the authority.</summary>
    /// <param name="wish">What it is to say.</param>
    /// <param name="authority">The authority, with its key.</param>
    /// <returns>The certificate with its key. The caller disposes of it.</returns>
    /// <exception cref="CertificateException">The authority does not hold at present.</exception>
    public X509Certificate2 MakeSigned(CertificateWish wish, X509Certificate2 authority)
    {
        ArgumentNullException.ThrowIfNull(wish);
        ArgumentNullException.ThrowIfNull(authority);
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset begins = CertificateReading.Begins(authority);
        DateTimeOffset ends = CertificateReading.Ends(authority);
        if (now < begins || now >= ends)
            throw new CertificateException($"the authority holds from {begins:u} until {ends:u} only; make a new one with adit cert ca");
        using var key = NewKey.Make(wish.Key);
        CertificateRequest request = key.Request(SubjectOf(wish));
        Describe(request, wish, authority);
        (DateTimeOffset from, DateTimeOffset until) = Span(wish.Days);
        using var signer = Signer.Of(authority);
        return key.Complete(request, authority.SubjectName, signer.Generator, from < begins ? begins : from, until > ends ? ends : until);
    }

    private static void Describe(CertificateRequest request, CertificateWish wish, X509Certificate2? issuer = null)
    {
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var uses = new OidCollection();
        if (wish.Use.HasFlag(CertificateUse.Server))
            uses.Add(new(ServerUse));
        if (wish.Use.HasFlag(CertificateUse.Client))
            uses.Add(new(ClientUse));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, critical: false));
        var names = new SubjectAlternativeNameBuilder();
        bool isNamed = false;
        foreach (CertificateName name in wish.Names)
            isNamed |= name.AddTo(names);
        if (wish.Uri is { } uri)
        {
            names.AddUri(new(uri));
            isNamed = true;
        }

        // Where the subject is empty, they are all there is, and RFC 5280 (4.1.2.6) wants whoever reads it to understand them.
        if (isNamed)
            request.CertificateExtensions.Add(names.Build(critical: !request.SubjectName.EnumerateRelativeDistinguishedNames().Any()));
        AddIdentifiers(request, issuer);
    }

    private static X500DistinguishedName SubjectOf(CertificateWish wish)
    {
        // The builder writes the last one first.
        var subject = new X500DistinguishedNameBuilder();
        if (wish.Names[0].Text is { Length: <= CertificateName.MaxCommonName } first)
            subject.AddCommonName(first);
        if (wish.Unit is { } unit)
            subject.AddOrganizationalUnitName(unit);
        return subject.Build();
    }

    private static void AddIdentifiers(CertificateRequest request, X509Certificate2? issuer)
    {
        var own = new X509SubjectKeyIdentifierExtension(request.PublicKey, X509SubjectKeyIdentifierHashAlgorithm.ShortSha256, critical: false);
        request.CertificateExtensions.Add(own);
        request.CertificateExtensions.Add(issuer is null
            ? X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(own)
            : X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
    }

    private (DateTimeOffset From, DateTimeOffset Until) Span(int days)
    {
        DateTimeOffset from = clock.GetUtcNow() - Leeway;
        return (from, from.AddDays(days));
    }

    // Of 159 bits, positive and never shorter (RFC 5280, 4.1.2.2).
    private static byte[] NewSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    /// <summary>A key that was just made.</summary>
    private sealed class NewKey : IDisposable
    {
        private readonly ECDsa? _ecdsa;
        private readonly RSA? _rsa;

        private NewKey(ECDsa? ecdsa, RSA? rsa)
        {
            _ecdsa = ecdsa;
            _rsa = rsa;
        }

        public X509SignatureGenerator Signer => _rsa is null
            ? X509SignatureGenerator.CreateForECDsa(_ecdsa!)
            : X509SignatureGenerator.CreateForRSA(_rsa, RSASignaturePadding.Pkcs1);

        public static NewKey Make(CertificateKeyKind kind) => kind is CertificateKeyKind.Rsa
            ? new(ecdsa: null, RSA.Create(RsaBits))
            : new(ECDsa.Create(ECCurve.NamedCurves.nistP256), rsa: null);

        public CertificateRequest Request(X500DistinguishedName subject) => _rsa is null
            ? new(subject, _ecdsa!, HashAlgorithmName.SHA256)
            : new(subject, _rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        public X509Certificate2 Complete(CertificateRequest request, X500DistinguishedName issuer, X509SignatureGenerator signer, DateTimeOffset from, DateTimeOffset until)
        {
            using X509Certificate2 bare = request.Create(issuer, signer, from, until, NewSerial());
            return _rsa is null ? bare.CopyWithPrivateKey(_ecdsa!) : bare.CopyWithPrivateKey(_rsa);
        }

        public void Dispose()
        {
            _ecdsa?.Dispose();
            _rsa?.Dispose();
        }
    }

    /// <summary>What an authority signs with.</summary>
    private sealed class Signer(AsymmetricAlgorithm key, X509SignatureGenerator generator) : IDisposable
    {
        public X509SignatureGenerator Generator => generator;

        public static Signer Of(X509Certificate2 authority)
        {
            if (authority.GetECDsaPrivateKey() is { } ecdsa)
                return new(ecdsa, X509SignatureGenerator.CreateForECDsa(ecdsa));
            return authority.GetRSAPrivateKey() is { } rsa
                ? new(rsa, X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1))
                : throw new CertificateException("the authority's key is neither ECDSA nor RSA");
        }

        public void Dispose() => key.Dispose();
    }
}
