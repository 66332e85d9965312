using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Adit.Postgres;
using Adit.Relay;
using Adit.StartTls;
using Adit.Stunnel;
using Adit.Tls;

namespace Adit.TlsTunnels;

/// <summary>What a service's options mean to TLS. Reads the files that they name.</summary>
internal static class ServiceSettings
{
    private static readonly TimeSpan ShortestClose = TimeSpan.FromMilliseconds(1);

    /// <summary>How the service speaks TLS to its target.</summary>
    /// <exception cref="TlsFileException">A file cannot be used.</exception>
    public static TlsClientSettings Client(StunnelService service) => new()
    {
        Trust = Trust(service),
        Credential = Credential(service),
        ServerName = service.ServerName ?? string.Empty,
        Protocols = Versions.Between(service.MinVersion, service.MaxVersion),
        Alpn = Alpn(service),
        Suites = CipherSuites.Policy(service),
        Resumes = service.SessionResume,
        Opening = Opening(service),
    };

    /// <summary>How the service speaks TLS to its clients.</summary>
    /// <param name="service">The service.</param>
    /// <param name="others">The services that take over for some names, with their settings.</param>
    /// <exception cref="TlsFileException">A file cannot be used.</exception>
    public static TlsServerSettings Server(StunnelService service, IReadOnlyList<(string Pattern, TlsServerSettings Settings)> others) => new()
    {
        Name = service.Name,
        Credential = Credential(service),
        Clients = service.RequireCert ? ClientCertificates.Required : service.RequestCert || service.IsVerified ? ClientCertificates.Asked : ClientCertificates.NotAsked,
        Trust = Trust(service),
        Protocols = Versions.Between(service.MinVersion, service.MaxVersion),
        Alpn = Alpn(service),
        Suites = CipherSuites.Policy(service),
        Resumes = service.SessionResume,
        Opening = Opening(service),
        Target = service.Protocol is StunnelProtocol.Socks ? null : Target(service),
        Redirect = service.Redirect.IsEmpty ? null : service.Redirect[0],
        ByName = others.Count == 0 ? null : name => name.Length == 0 ? null : others.FirstOrDefault(other => Matches(other.Pattern, name)).Settings,
    };

    /// <summary>The limits of its connections.</summary>
    public static RelayOptions Limits(StunnelService service) => new()
    {
        IdleTimeout = service.TimeoutIdle,
        CloseTimeout = service.TimeoutClose > TimeSpan.Zero ? service.TimeoutClose : ShortestClose,
    };

    /// <summary>What the connections of the service go to, as it is shown.</summary>
    public static Endpoint Target(StunnelService service) =>
        service.Protocol is StunnelProtocol.Connect && service.IsClient && service.ProtocolTarget is { } behind ? behind
        : service.Connect.IsEmpty ? Endpoint.Unix(service.Exec ?? "program")
        : service.Connect[0];

    /// <summary>What is said in the clear before TLS; null for nothing.</summary>
    public static TlsOpening? Opening(StunnelService service) => service.Protocol switch
    {
        StunnelProtocol.PgSql => new PostgresOpening
        {
            AdmitsPlaintext = service.AllowsPlaintext,
            AdmitsCancel = !service.RequestCert && !service.RequireCert && !service.IsVerified,
        },
        StunnelProtocol.Smtp => service is { IsClient: true, ProtocolHost: { } name } ? new SmtpOpening(name) : new SmtpOpening(),
        StunnelProtocol.Imap => new ImapOpening(),
        StunnelProtocol.Pop3 => new Pop3Opening(),
        StunnelProtocol.Nntp => new NntpOpening(),
        StunnelProtocol.Ldap => new LdapOpening(),
        _ => null,
    };

    private static TlsCredential? Credential(StunnelService service) =>
        service.Certificate is { } certificate ? TlsCredential.Load(certificate, service.Key) : null;

    private static TlsTrust Trust(StunnelService service)
    {
        if (!service.IsVerified)
            return TlsTrust.Nothing;
        X509Certificate2Collection? certificates = null;
        foreach (X509Certificate2Collection more in Authorities(service))
            (certificates ??= []).AddRange(more);
        string source = string.Join(" and ", new[] { service.CaFile, service.CaPath }.OfType<string>());
        return new()
        {
            VerifiesChain = service.VerifyChain,
            Authorities = service.VerifyChain ? certificates : null,
            VerifiesPeer = service.VerifyPeer,
            Peers = service.VerifyPeer ? certificates ?? [] : [],
            Source = source.Length > 0 ? source : TlsTrust.System.Source,
            Names = [.. service.CheckHosts, .. service.CheckIps.Select(static address => address.ToString()), .. service.CheckEmails],
            Revocations =
            [
                .. service.CrlFile is { } file ? RevocationList.Load(file) : [],
                .. service.CrlPath is { } folder ? TlsFile.ReadRevocationFolder(folder) : [],
            ],
            Ocsp = service.OcspResponder is not null || service.OcspFromCertificate ? Ocsp(service) : null,
        };
    }

    private static OcspCheck Ocsp(StunnelService service) => new(new OcspClient(service.TimeoutOcsp), TimeProvider.System)
    {
        Responder = service.OcspResponder,
        AsksNamed = service.OcspFromCertificate,
        SendsNonce = service.OcspNonce,
        IsRequired = service.OcspRequire,
    };

    private static IEnumerable<X509Certificate2Collection> Authorities(StunnelService service)
    {
        if (service.CaFile is { } file)
            yield return TlsFile.ReadCertificates(file);
        if (service.CaPath is { } folder)
            yield return TlsFile.ReadCertificateFolder(folder);
    }

    // PostgreSQL wants to hear its name where TLS begins at once, which a service does not do; where it does not, the name does no harm.
    private static SslApplicationProtocol[] Alpn(StunnelService service) =>
        service is { Alpn.IsEmpty: true, Protocol: StunnelProtocol.PgSql } ? [PostgresOpening.Alpn] : [.. service.Alpn.Select(static name => new SslApplicationProtocol(name))];

    private static bool Matches(string pattern, string name) =>
        pattern.StartsWith('*') ? name.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) : pattern.Equals(name, StringComparison.OrdinalIgnoreCase);
}
