using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Tls;

/// <summary>An authority of certificates, whose files lie in a folder of their own.</summary>
internal sealed class TestAuthority
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
        CaFile = Write("ca.pem", _root.ExportCertificatePem());
    }

    public string Folder { get; } = RunFolder.Create("authority");

    /// <summary>The file with its own certificate.</summary>
    public string CaFile { get; }

    /// <summary>A file with its own certificate and its key.</summary>
    public string SignerFile() => Write("signer.pem", $"{_root.ExportCertificatePem()}\n{_root.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n");

    /// <summary>The file by which <c>openssl ocsp</c> knows what became of certificates.</summary>
    public string Index(IEnumerable<string> valid, IEnumerable<string> revoked) => Write("index.txt", string.Concat(
        [.. valid.Select(static file => Line(file, "V", "")), .. revoked.Select(static file => Line(file, "R", "250304050607Z"))]));

    /// <summary>Issues a certificate for a name or address, and gives the path of the file with it and its key.</summary>
    public string Issue(string name, DateTimeOffset? until = null, params IReadOnlyList<X509Extension> more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        foreach (var one in more)
            request.CertificateExtensions.Add(one);
        using var signed = request.Create(_root, Yesterday.AddHours(1), until ?? DateTimeOffset.UtcNow.AddDays(10), [1, ++_serial]);
        return Write($"{name}.{_serial}.pem", $"{signed.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }

    /// <summary>Revokes certificates, and gives the path of the file that says so.</summary>
    public string Revoke(params IReadOnlyList<string> files)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var file in files)
            list.AddEntry(X509CertificateLoader.LoadCertificateFromFile(file));
        var bytes = list.Build(_root, 1, DateTimeOffset.UtcNow.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: Yesterday);
        return Write("crl.pem", PemEncoding.WriteString("X509 CRL", bytes));
    }

    /// <summary>The certificate of such a file without its key.</summary>
    public string Public(string file) => Write(Path.GetFileName(file) + ".crt", X509CertificateLoader.LoadCertificateFromFile(file).ExportCertificatePem());

    private static string Line(string file, string status, string since)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
        return string.Create(CultureInfo.InvariantCulture,
            $"{status}\t{certificate.NotAfter.ToUniversalTime():yyMMddHHmmss}Z\t{since}\t{certificate.SerialNumber}\tunknown\t/{certificate.Subject}\n");
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
