using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Tls;

namespace Adit.Tests.Tls;

/// <summary>An authority of certificates for one test.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Yesterday = DateTimeOffset.UtcNow.AddDays(-1);

    private readonly X509Certificate2 _root;
    private byte _serial;

    public TestAuthority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(Yesterday, DateTimeOffset.UtcNow.AddDays(30));
    }

    public X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificate(_root.RawData)];

    /// <summary>Its own certificate, with the key.</summary>
    public X509Certificate2 Root => _root;

    public TlsTrust Trust => new() { VerifiesChain = true, Authorities = Roots, Source = "ca.pem" };

    public TlsCredential Credential(string name = "db", DateTimeOffset? until = null, string subject = "") => TlsCredential.Of(Certificate(name, until, subject));

    public X509Certificate2 Certificate(string name, DateTimeOffset? until = null, string subject = "", params IReadOnlyList<X509Extension> more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}{subject}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out IPAddress? address))
            names.AddIpAddress(address);
        else if (name.Contains('@', StringComparison.Ordinal))
            names.AddEmailAddress(name);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        foreach (X509Extension one in more)
            request.CertificateExtensions.Add(one);
        using X509Certificate2 signed = request.Create(_root, Yesterday.AddHours(1), until ?? DateTimeOffset.UtcNow.AddDays(10), [1, ++_serial]);
        using X509Certificate2 withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }

    public byte[] Revoke(DateTimeOffset nextUpdate, params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (X509Certificate2 one in revoked)
            list.AddEntry(one);
        return list.Build(_root, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: Yesterday);
    }

    public void Dispose() => _root.Dispose();
}
