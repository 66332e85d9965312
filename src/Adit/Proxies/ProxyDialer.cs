using Adit.Platform;
using Adit.Relay;
using Adit.Socks;

namespace Adit.Proxies;

/// <summary>Dials by asking a proxy to. The names of targets are looked up there.</summary>
/// <remarks>How long the proxy may take is up to the caller's token.</remarks>
internal abstract class ProxyDialer : IDialer
{
    private readonly IDialer _inner;
    private readonly Machine _machine;

    /// <summary>Creates a dialer.</summary>
    /// <param name="inner">Reaches the proxy.</param>
    /// <param name="proxy">Where the proxy is, as the inner dialer sees it.</param>
    private protected ProxyDialer(IDialer inner, Endpoint proxy)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(proxy);
        _inner = inner;
        Proxy = proxy;
        _machine = new(proxy.Host ?? Machine.ThisName);
    }

    /// <summary>Where the proxy is.</summary>
    private protected Endpoint Proxy { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The target is not a TCP endpoint.</exception>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsUnix || target.Port == 0)
            throw new ArgumentException($"{target} is not a TCP endpoint that a proxy can dial", nameof(target));
        DialedConnection dialed = await DialProxyAsync(target, origin, cancellationToken).ConfigureAwait(false);
        Duplex duplex = dialed.Duplex;
        try
        {
            ProxyConversation conversation = new(duplex);
            await AskAsync(conversation, target, cancellationToken).ConfigureAwait(false);
            // The last answer may have come on the thread of the sockets.
            await PoolTurn.Begin;
            return new(conversation.Unread.IsEmpty ? duplex : new PrefixedDuplex(conversation.Unread, duplex), dialed.Route.Then(LegFrom(dialed.Route, target)));
        }
        catch (Exception e)
        {
            await PoolTurn.Begin;
            await duplex.AbandonAsync().ConfigureAwait(false);
            if (e is not IOException || e is DialException)
                throw;
            throw new DialException(target, e is SocksException ? DialFailure.Other : DialFailure.ConnectionLost, $"the proxy {Proxy}: {e.Message}", e);
        }
    }

    /// <summary>Asks the proxy for a connection to the target, on a connection that was just made.</summary>
    /// <exception cref="DialException">The proxy does not make it.</exception>
    /// <exception cref="IOException">The connection to the proxy broke.</exception>
    private protected abstract ValueTask AskAsync(ProxyConversation conversation, Endpoint target, CancellationToken cancellationToken);

    /// <summary>The failure of a dial that the proxy refused.</summary>
    private protected DialException Refused(Endpoint target, DialFailure failure, string why) => new(target, failure, $"the proxy {Proxy} {why}");

    // A proxy on the machine that dials it may well lead elsewhere, as that of ssh -D does: where its connections begin is not known.
    private Leg LegFrom(Route toProxy, Endpoint target) =>
        toProxy.Legs[^1].IsLocal ? new Leg(Proxy.ToString(), target.ToString(), LegProtection.None) : Leg.Plain(_machine, target);

    private async ValueTask<DialedConnection> DialProxyAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        try
        {
            return await _inner.DialAsync(Proxy, origin, cancellationToken).ConfigureAwait(false);
        }
        catch (DialException e)
        {
            throw new DialException(target, e.Failure, $"the proxy {Proxy} cannot be reached: {e.Reason}", e);
        }
    }
}
