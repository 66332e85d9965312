using System.Collections.Immutable;
using Adit.OpenSsh;
using Adit.Postgres;
using Adit.Tls;

namespace Adit.Gateway.Configuration;

/// <summary>What the TLS ports of a gateway work by, with its files as they were read at one moment. Immutable.</summary>
internal sealed class GatewayTls
{
    private readonly ImmutableArray<(TlsListen Listen, TlsServerSettings Settings)> _ports;

    private GatewayTls(TlsTrust trust, ImmutableArray<(TlsListen Listen, TlsServerSettings Settings)> ports)
    {
        Trust = trust;
        _ports = ports;
    }

    /// <summary>What clients' certificates are held to; it says which user they stand for.</summary>
    public TlsTrust Trust { get; }

    /// <summary>The ports.</summary>
    public IEnumerable<TlsListen> Ports => _ports.Select(static port => port.Listen);

    /// <summary>Reads the files; null where there are no TLS ports.</summary>
    /// <exception cref="ConfigException">Something is missing, or cannot be used.</exception>
    public static GatewayTls? Of(GatewaySettings settings)
    {
        if (settings.AditTlsListens is not [var first, ..])
            return null;
        IGrouping<(string Host, int Port), Sourced<TlsListen>>? twice =
            settings.AditTlsListens.GroupBy(static listen => (listen.Value.Host, listen.Value.Port)).FirstOrDefault(static same => same.Count() > 1);
        if (twice is not null)
            throw new ConfigException(twice.Last().Source, "AditTlsListen names this port twice");
        if (settings.AditTlsCertificate is not { } certificate)
            throw new ConfigException(first.Source, "AditTlsListen needs a certificate to show; add AditTlsCertificate FILE, and AditTlsKey FILE if the key is not in it");
        if (settings.AditTlsUsers is [])
            throw new ConfigException(first.Source, "AditTlsListen lets nobody in without AditTlsUser; add one, as in AditTlsUser joe CN=joe");
        try
        {
            TlsCredential credential = TlsCredential.Load(certificate, settings.AditTlsKey);
            TlsTrust trust = TrustOf(settings);
            return new(trust, [.. settings.AditTlsListens.Select(listen => (listen.Value, Settings(listen.Value, credential, trust)))]);
        }
        catch (TlsFileException e)
        {
            throw new ConfigException(first.Source, $"AditTlsListen: {e.Message}", e);
        }
    }

    /// <summary>How TLS is begun at a port; null where none of this kind is configured.</summary>
    /// <param name="port">A port of this or an earlier configuration.</param>
    public TlsServerSettings? Find(TlsListen port) =>
        _ports.FirstOrDefault(one => one.Listen.Host == port.Host && one.Listen.Port == port.Port).Settings;

    private static TlsTrust TrustOf(GatewaySettings settings)
    {
        ImmutableArray<CertificateUser> users = settings.AditTlsUsers;
        if (settings.AditTlsClientCa is null && users.SelectMany(static user => user.Rules).FirstOrDefault(static rule => !rule.IsKey) is { } name)
            throw new ConfigException($"AditTlsUser {name.Text} needs to know whose certificates count; add AditTlsClientCA FILE");
        if (settings.AditTlsClientCa is null && settings.AditTlsClientCrl is not null)
            throw new ConfigException("AditTlsClientCRL is of no use without AditTlsClientCA FILE");
        return new()
        {
            // Without authorities no chain is accepted, and certificates are known by their keys alone: never the system's.
            VerifiesChain = true,
            Authorities = settings.AditTlsClientCa is { } authorities ? TlsFile.ReadCertificates(authorities) : [],
            Source = settings.AditTlsClientCa is null ? "an authority, of which none is configured (AditTlsClientCA)" : "AditTlsClientCA",
            Revocations = settings.AditTlsClientCrl is { } list ? RevocationList.Load(list) : [],
            Identify = (certificate, isFromAuthority) => CertificateUser.Find(users, certificate, isFromAuthority),
        };
    }

    private static TlsServerSettings Settings(TlsListen listen, TlsCredential credential, TlsTrust trust) => new()
    {
        Credential = credential,
        Target = listen.Target,
        Clients = ClientCertificates.Required,
        Trust = trust,
        Opening = listen.IsPostgres ? new PostgresOpening { AdmitsCancel = false } : null,
        Alpn = listen.IsPostgres ? [PostgresOpening.Alpn] : [],
        // Who comes again proves the key again.
        Resumes = false,
    };
}
