using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared.Certificates;

namespace Adit.Interop.Tests.Tls;

/// <summary>An authority of certificates, whose files lie in a folder of their own.</summary>
internal sealed class AuthorityFolder
{
    private readonly TestAuthority _authority;
    private int _issued;

    public AuthorityFolder(string name = "test authority")
    {
        _authority = new(name);
        CaFile = Write("ca.pem", _authority.Root.Pem);
    }

    public string Folder { get; } = RunFolder.Create("authority");

    /// <summary>The file with its own certificate.</summary>
    public string CaFile { get; }

    /// <summary>A file with its own certificate and its key.</summary>
    public string SignerFile() => Write("signer.pem", _authority.Root.Pem + _authority.Root.KeyPem);

    /// <summary>The file by which <c>openssl ocsp</c> knows what became of certificates.</summary>
    public string Index(IEnumerable<string> valid, IEnumerable<string> revoked) => Write("index.txt", string.Concat(
        [.. valid.Select(static file => Line(file, "V", "")), .. revoked.Select(static file => Line(file, "R", "250304050607Z"))]));

    /// <summary>Issues a certificate for a name or address, and gives the path of the file with it and its key.</summary>
    public string Issue(string name, DateTimeOffset? until = null, params IReadOnlyList<X509Extension> more)
    {
        using var certificate = _authority.Certificate(name, until, more: more);
        return Write(string.Create(CultureInfo.InvariantCulture, $"{name}.{++_issued}.pem"), certificate.Pem + certificate.KeyPem);
    }

    /// <summary>Revokes certificates, and gives the path of the file that says so.</summary>
    public string Revoke(params IReadOnlyList<string> files) => Write("crl.pem", _authority.RevokePem([.. files.Select(X509CertificateLoader.LoadCertificateFromFile)]));

    /// <summary>The certificate of such a file without its key.</summary>
    public string Public(string file) => Write(Path.GetFileName(file) + ".crt", X509CertificateLoader.LoadCertificateFromFile(file).Pem);

    private static string Line(string file, string status, string since)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
        return string.Create(CultureInfo.InvariantCulture,
            $"{status}\t{certificate.NotAfter.ToUniversalTime():yyMMddHHmmss}Z\t{since}\t{certificate.SerialNumber}\tunknown\t/{certificate.Subject}\n");
    }

    private string Write(string name, string text) => CertificatePem.WriteSecret(Path.Combine(Folder, name), text);
}
