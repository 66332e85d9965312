using Adit.OpenSsh;
using Adit.Probe;
using Adit.Relay;
using Adit.Socks;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>A forward that listens here. It stays bound whatever happens to the link.</summary>
internal sealed class LocalTunnelForward : TunnelForward
{
    private readonly TargetProtection? _protection;

    private LocalTunnelForward(ForwardSpec spec, Forward forward, bool isExposed, TargetProtection? protection)
        : base(ForwardDirection.Local, spec)
    {
        _protection = protection;
        Current = forward;
        IsExposed = isExposed;
    }

    /// <summary>Whether other machines can reach it.</summary>
    public bool IsExposed { get; }

    /// <summary>Whether TLS is spoken from here on to the target.</summary>
    public bool IsProtected => _protection is not null;

    /// <summary>Whom it admits, as a rule is written; null where there is none that could be.</summary>
    public string? Rule => Current?.Options.Admission.Rule;

    /// <inheritdoc/>
    public override Route RouteOver(SshLink link)
    {
        var near = new Leg("app", Endpoints[0].ToString(), LegProtection.None) { Within = IsExposed ? null : Machine.ThisName };
        if (Spec.Target is not { } target)
            return link.Route.After(near);
        Route route = link.Dialer.RouteTo(target);
        return (_protection?.Of(route, target) ?? route).After(near);
    }

    /// <exception cref="ListenException">It cannot listen as asked; nothing stays bound.</exception>
    /// <exception cref="ProbeException">Something else answers at the target than is expected.</exception>
    /// <exception cref="DialException">The target, of which something is expected, cannot be reached.</exception>
    public static async Task<LocalTunnelForward> OpenAsync(ForwardSpec spec, ChangingLink link, TunnelOptions options, CancellationToken cancellationToken)
    {
        IDialer dialer = link;
        if (options.Expects(spec) is { } expectation)
        {
            var expecting = new ExpectingDialer(link, expectation, options.Time);
            await expecting.LookAsync(cancellationToken).ConfigureAwait(false);
            dialer = expecting;
        }

        var binding = new LocalListenerOptions { AddressFamily = options.AddressFamily, UnixMode = options.UnixMode, Unlink = options.UnlinkSockets, Inherited = options.Inherited };
        LocalListener listener = await LocalListener.BindAsync(spec.Listen, binding, cancellationToken).ConfigureAwait(false);
        var treatment = new ForwardOptions
        {
            Admission = options.Admission ?? (listener.IsExposed ? Admission.AnyPeer : Admission.SameUser),
            MaxConnections = options.MaxConnections,
            Events = options.Events,
            DialTimeout = ForwardOptions.Default.DialTimeout + (options.Reconnect ? options.Patience : TimeSpan.Zero),
            Relay = options.Terms(spec.Target is { IsUnix: true } ? DirectStreamLocal.ChannelType : DirectTcpip.ChannelType),
            TimeProvider = options.Time,
        };
        TargetProtection? protection = spec.IsDynamic ? null : options.Protection;
        IListener naming = spec.IsDynamic ? new SocksListener(listener) : protection?.Front(listener) ?? listener;
        return new(spec, Forward.Start(naming, spec.Target, protection?.Over(dialer) ?? dialer, treatment), listener.IsExposed, protection);
    }
}
