using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Adit.StartTls;

namespace Adit.Tls;

/// <summary>How TLS is begun as a client. Immutable.</summary>
internal sealed class TlsClientSettings
{
    /// <summary>What the server's certificate is held to: by default the system's authorities and the name that is dialled.</summary>
    public TlsTrust Trust { get; init; } = TlsTrust.System;

    /// <summary>What this end shows if asked; null for nothing.</summary>
    public TlsCredential? Credential { get; init; }

    /// <summary>The name that the server is asked for (SNI); null for the one that is dialled, empty for none.</summary>
    public string? ServerName { get; init; }

    /// <summary>TLS 1.2 and 1.3 by default.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>What may be spoken inside (ALPN), the best first; empty to leave it open.</summary>
    public IReadOnlyList<SslApplicationProtocol> Alpn { get; init; } = [];

    /// <summary>The cipher suites; null for those of the system.</summary>
    public CipherSuitesPolicy? Suites { get; init; }

    /// <summary>Whether sessions are resumed. Default yes.</summary>
    public bool Resumes { get; init; } = true;

    /// <summary>What is said in the clear before TLS; null for nothing.</summary>
    public TlsOpening? Opening { get; init; }

    internal SslClientAuthenticationOptions Options(string host, RemoteCertificateValidationCallback judge) => new()
    {
        TargetHost = ServerName ?? host,
        EnabledSslProtocols = Protocols,
        ApplicationProtocols = Alpn.Count > 0 ? [.. Alpn] : null,
        CipherSuitesPolicy = Suites,
        AllowTlsResume = Resumes,
        AllowRenegotiation = false,
        ClientCertificateContext = Credential?.Context,
        CertificateChainPolicy = Trust.ChainPolicy(ofServers: true),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = judge,
    };
}
