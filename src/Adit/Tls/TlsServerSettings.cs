using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Adit.StartTls;

namespace Adit.Tls;

/// <summary>Whether a server asks its clients for a certificate.</summary>
internal enum ClientCertificates
{
    /// <summary>No.</summary>
    NotAsked = 0,

    /// <summary>Yes; who shows none is let in all the same, who shows a wrong one is not.</summary>
    Asked,

    /// <summary>Yes, and who shows none is not let in.</summary>
    Required,
}

/// <summary>How TLS is begun as a server. Immutable.</summary>
internal sealed class TlsServerSettings
{
    /// <summary>What this end shows; null where the <see cref="Opening"/> never comes to TLS.</summary>
    public TlsCredential? Credential { get; init; }

    /// <summary>Where its clients go, where their listener has no target for all; null where there is one.</summary>
    public Relay.Endpoint? Target { get; init; }

    /// <summary>Whether clients have to show who they are.</summary>
    public ClientCertificates Clients { get; init; }

    /// <summary>What a client's certificate is held to.</summary>
    public TlsTrust Trust { get; init; } = TlsTrust.Nothing;

    /// <summary>TLS 1.2 and 1.3 by default.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>What may be spoken inside (ALPN), the best first; empty to leave it open.</summary>
    public IReadOnlyList<SslApplicationProtocol> Alpn { get; init; } = [];

    /// <summary>The cipher suites; null for those of the system.</summary>
    public CipherSuitesPolicy? Suites { get; init; }

    /// <summary>Whether sessions are resumed, where clients are not asked for a certificate. Default yes.</summary>
    public bool Resumes { get; init; } = true;

    /// <summary>What is said in the clear before TLS; null for nothing.</summary>
    public TlsOpening? Opening { get; init; }

    /// <summary>Where clients go whose certificate is not accepted, instead of being turned away; null for nowhere.</summary>
    public Relay.Endpoint? Redirect { get; init; }

    /// <summary>The settings for the name that a client asks for (SNI): null for these ones.</summary>
    public Func<string, TlsServerSettings?>? ByName { get; init; }

    /// <summary>The name by which the dialer knows these settings' targets; empty where it has only one kind.</summary>
    public string Name { get; init; } = string.Empty;

    internal SslServerAuthenticationOptions Options(RemoteCertificateValidationCallback judge) => new()
    {
        ServerCertificateContext = Credential?.Context,
        EnabledSslProtocols = Protocols,
        ApplicationProtocols = Alpn.Count > 0 ? [.. Alpn] : null,
        CipherSuitesPolicy = Suites,
        // A session that is resumed brings the client's certificate without those between it and its authority, and is shared by all that show
        // the same certificate, whatever they ask of their clients.
        AllowTlsResume = Resumes && Clients is ClientCertificates.NotAsked,
        AllowRenegotiation = false,
        // That one is missing is judged here, so that it is told in words.
        ClientCertificateRequired = Clients is not ClientCertificates.NotAsked,
        CertificateChainPolicy = Trust.ChainPolicy(ofServers: false),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = judge,
    };
}
