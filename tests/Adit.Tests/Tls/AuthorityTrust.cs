using System.Security.Cryptography.X509Certificates;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Tests.Tls;

/// <summary>A test's authority as the ends of TLS know it.</summary>
internal static class AuthorityTrust
{
    extension(TestAuthority authority)
    {
        public X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificate(authority.Root.RawData)];

        public TlsTrust Trust => new() { VerifiesChain = true, Authorities = authority.Roots, Source = "ca.pem" };

        public TlsCredential Credential(string name = "db", DateTimeOffset? until = null, string subject = "") => TlsCredential.Of(authority.Certificate(name, until, subject));
    }
}
