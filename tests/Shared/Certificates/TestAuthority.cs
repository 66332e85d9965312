using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tests.Shared.Certificates;

/// <summary>An authority of certificates for tests. It holds from yesterday on, and what it issues from an hour later.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Yesterday = DateTimeOffset.UtcNow.AddDays(-1);

    private byte _serial;

    public TestAuthority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Root = RequestForAuthority(name, key).CreateSelfSigned(Yesterday, InDays(1000));
    }

    private TestAuthority(X509Certificate2 root) => Root = root;

    /// <summary>Its own certificate, with the key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>A certificate with its key for which nobody else vouches.</summary>
    public static X509Certificate2 SelfSigned(string subject, params IReadOnlyList<X509Extension> more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Request(subject, key, more).CreateSelfSigned(Yesterday, InDays(1));
    }

    /// <summary>An authority whose certificate this one has issued.</summary>
    public TestAuthority Beneath(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(Sign(RequestForAuthority(name, key), key, InDays(100)));
    }

    /// <summary>A certificate with its key, for a host, an address or a mail address.</summary>
    /// <param name="name">Which; it is the common name as well.</param>
    /// <param name="until">Its end; null for in ten days.</param>
    /// <param name="subject">What stands behind the common name in the subject.</param>
    /// <param name="more">Further extensions.</param>
    public X509Certificate2 Certificate(string name, DateTimeOffset? until = null, string subject = "", params IReadOnlyList<X509Extension> more)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out IPAddress? address))
            names.AddIpAddress(address);
        else if (name.Contains('@', StringComparison.Ordinal))
            names.AddEmailAddress(name);
        else
            names.AddDnsName(name);
        return CertificateOf($"CN={name}{subject}", until, [names.Build(), .. more]);
    }

    /// <summary>A certificate with its key that says its subject and, without further extensions, no other name.</summary>
    public X509Certificate2 CertificateOf(string subject, DateTimeOffset? until = null, params IReadOnlyList<X509Extension> more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(Request(subject, key, more), key, until ?? InDays(10));
    }

    /// <summary>The list of those of its certificates that are revoked.</summary>
    public byte[] Revoke(DateTimeOffset nextUpdate, params IReadOnlyList<X509Certificate2> revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (X509Certificate2 one in revoked)
            list.AddEntry(one);
        return list.Build(Root, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: Yesterday);
    }

    /// <summary>The same for two days, as text.</summary>
    public string RevokePem(params IReadOnlyList<X509Certificate2> revoked) => PemEncoding.WriteString("X509 CRL", Revoke(InDays(2), revoked)) + "\n";

    public void Dispose() => Root.Dispose();

    private static DateTimeOffset InDays(int days) => DateTimeOffset.UtcNow.AddDays(days);

    private static CertificateRequest Request(string subject, ECDsa key, IReadOnlyList<X509Extension> extensions)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        foreach (X509Extension one in extensions)
            request.CertificateExtensions.Add(one);
        return request;
    }

    private static CertificateRequest RequestForAuthority(string name, ECDsa key)
    {
        CertificateRequest request = Request(
            $"CN={name}", key, [new X509BasicConstraintsExtension(true, false, 0, true), new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true)]);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request, ECDsa key, DateTimeOffset until)
    {
        using X509Certificate2 signed = request.Create(Root, Yesterday.AddHours(1), until, [1, ++_serial]);
        using X509Certificate2 withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }
}
