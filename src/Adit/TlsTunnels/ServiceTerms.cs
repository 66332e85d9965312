using System.Net;
using Adit.Postgres;
using Adit.Proxies;
using Adit.Relay;
using Adit.Stunnel;
using Adit.Tls;

namespace Adit.TlsTunnels;

/// <summary>All that a service goes by, its files read. Immutable; replaced as a whole.</summary>
internal sealed class ServiceTerms
{
    private ServiceTerms(StunnelService service, IDialer dialer, StunnelGlobal global)
    {
        Service = service;
        Dialer = dialer;
        // On a local end the same user, at a server anybody whom TLS lets in, unless it says otherwise.
        Admission = service.Admit is { } rule ? Admission.Of(rule)
            : service.IsClient && !service.Accept.IsEmpty ? Admission.SameUser
            : Admission.AnyPeer;
        if (service is { Exec: { } program, Connect.IsEmpty: false })
            Program = RunProgram(service, program, global);
    }

    /// <summary>The service's options.</summary>
    public StunnelService Service { get; }

    /// <summary>How TLS is spoken with its clients; null for a client service.</summary>
    public TlsServerSettings? Server { get; private init; }

    /// <summary>What a client service answers who connects to it, before TLS is spoken for it; null for nothing.</summary>
    public TlsServerSettings? Front { get; private init; }

    /// <summary>Reaches its target.</summary>
    public IDialer Dialer { get; }

    /// <summary>Starts the program that is its local end; null for none.</summary>
    public IDialer? Program { get; }

    /// <summary>Who may use it.</summary>
    public Admission Admission { get; private init; }

    /// <summary>Reads the files of a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="all">All services, of which some may take over for some names.</param>
    /// <param name="global">What holds for the process.</param>
    /// <exception cref="TlsFileException">A file cannot be used.</exception>
    /// <exception cref="FormatException">A user or program does not exist that <c>AditAdmit</c> names.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The name of <c>local</c> cannot be looked up.</exception>
    /// <exception cref="StunnelException">What an option says cannot be had.</exception>
    public static async Task<ServiceTerms> LoadAsync(StunnelService service, IReadOnlyList<StunnelService> all, StunnelGlobal global)
    {
        if (service.Pty)
            throw new StunnelException(service.Place, $"[{service.Name}]: pty = yes is refused: programs get no terminal; script(1) gives them one, as in exec = /usr/bin/script");
        if (service.IsClient)
        {
            TlsClientSettings settings = ServiceSettings.Client(service);
            return new(service, new TlsDialer(await ConnectingAsync(service, global).ConfigureAwait(false), settings), global)
            {
                // The target is spoken to in TLS already, and has no use for the client's own question.
                Front = service.Protocol is StunnelProtocol.PgSql ? PostgresOpening.NoTls : null,
            };
        }

        List<(string Pattern, TlsServerSettings Settings)> names = [];
        Dictionary<string, (Admission? Own, RelayOptions Limits)> admissions = new(StringComparer.Ordinal);
        Dictionary<string, IDialer> dialers = new(StringComparer.Ordinal) { [service.Name] = await ServingAsync(service, global).ConfigureAwait(false) };
        foreach (StunnelService other in all)
        {
            string[] patterns = [.. other.VirtualHosts.Where(host => host.Primary == service.Name).Select(static host => host.Pattern)];
            if (patterns.Length == 0)
                continue;
            TlsServerSettings settings = ServiceSettings.Server(other, []);
            names.AddRange(patterns.Select(pattern => (pattern, settings)));
            dialers[other.Name] = await ServingAsync(other, global).ConfigureAwait(false);
            admissions[other.Name] = (other.Admit is { } rule ? Admission.Of(rule) : null, ServiceSettings.Limits(other));
        }

        var terms = new ServiceTerms(service, new NamedDialer(dialers), global) { Server = ServiceSettings.Server(service, names) };
        return admissions.Count == 0 ? terms : new(service, terms.Dialer, global) { Server = terms.Server, Admission = new NamedAdmission(terms.Admission, admissions) };
    }

    // To the plain target of a server.
    private static async Task<IDialer> ServingAsync(StunnelService service, StunnelGlobal global)
    {
        IDialer dialer = await ConnectingAsync(service, global).ConfigureAwait(false);
        IDialer serving = Announcing(service, dialer);
        if (ServiceSettings.Opening(service) is { } opening)
            serving = new SettlingDialer(serving, opening);
        return service.Redirect.IsEmpty ? serving : new RedirectingDialer(serving, Announcing(service, await FailingOverAsync(service, service.Redirect).ConfigureAwait(false)));
    }

    private static IDialer Announcing(StunnelService service, IDialer dialer) =>
        service.Protocol is StunnelProtocol.Proxy ? new ProxyHeaderDialer(dialer, ProxyHeaderVersion.Text) : dialer;

    private static async Task<IDialer> ConnectingAsync(StunnelService service, StunnelGlobal global)
    {
        if (service.Exec is { } program && service.Connect.IsEmpty)
            return RunProgram(service, program, global);
        if (service.Protocol is StunnelProtocol.Socks && !service.IsClient)
            return new OutsideDialer(Tcp(service, await LocalAsync(service).ConfigureAwait(false)));
        IDialer connecting = await FailingOverAsync(service, service.Connect).ConfigureAwait(false);
        return service is { IsClient: true, Protocol: StunnelProtocol.Connect }
            ? new HttpConnectDialer(
                connecting,
                service.Connect[0],
                service.ProtocolUsername is { } user ? new ProxyCredentials(user, service.ProtocolPassword ?? string.Empty) : null,
                service.ProtocolHeader is { } header ? [header] : null)
            : connecting;
    }

    private static ProgramDialer RunProgram(StunnelService service, string program, StunnelGlobal global) =>
        new(program, [.. service.ExecArgs.Skip(1)], origin => ProgramEnvironment.Of(origin, global));

    private static async Task<IDialer> FailingOverAsync(StunnelService service, IReadOnlyList<Endpoint> targets) =>
        new FailoverDialer(Tcp(service, await LocalAsync(service).ConfigureAwait(false)), targets, service.Failover is StunnelFailover.RoundRobin, service.TimeoutConnect, TimeProvider.System);

    private static MachineDialer Tcp(StunnelService service, IReadOnlyList<IPAddress> local) => new(new() { Timeout = service.TimeoutConnect, LocalAddresses = local, KeepAlive = true, Resets = service.Reset });

    private static async Task<IReadOnlyList<IPAddress>> LocalAsync(StunnelService service) =>
        service.Local is null ? []
        : IPAddress.TryParse(service.Local, out IPAddress? address) ? [address]
        : await Dns.GetHostAddressesAsync(service.Local).ConfigureAwait(false);
}
