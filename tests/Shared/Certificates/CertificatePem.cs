using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tests.Shared.Certificates;

/// <summary>Certificates as programs read them: text, in files that are their owner's.</summary>
internal static class CertificatePem
{
    extension(X509Certificate2 certificate)
    {
        /// <summary>The certificate alone.</summary>
        public string Pem => certificate.ExportCertificatePem() + "\n";

        /// <summary>Its key alone.</summary>
        public string KeyPem
        {
            get
            {
                using ECDsa key = certificate.GetECDsaPrivateKey()!;
                return key.ExportPkcs8PrivateKeyPem() + "\n";
            }
        }
    }

    /// <summary>Writes a file, or its new text, that nobody but its owner may read, and gives its path.</summary>
    public static string WriteSecret(string path, string pem)
    {
        File.WriteAllText(path, pem);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
