using Adit.OpenSsh;
using Adit.Relay;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>At which end of a tunnel a forward listens.</summary>
internal enum ForwardDirection
{
    /// <summary>Here; the server dials: -L and -D.</summary>
    Local = 0,

    /// <summary>At the server; this machine dials: -R.</summary>
    Remote,
}

/// <summary>One forward of a <see cref="Tunnel"/>. Safe to use from several threads.</summary>
internal abstract class TunnelForward(ForwardDirection direction, ForwardSpec spec) : IAsyncDisposable
{
    private volatile Forward? _forward;

    /// <summary>At which end it listens.</summary>
    public ForwardDirection Direction { get; } = direction;

    /// <summary>What was asked for.</summary>
    public ForwardSpec Spec { get; } = spec;

    /// <summary>Where it listens now, with the ports that were really bound; empty while it does not.</summary>
    public IReadOnlyList<Endpoint> Endpoints => _forward?.Endpoints ?? [];

    /// <summary>Its connections of this moment.</summary>
    public IReadOnlyCollection<ForwardedConnection> Connections => _forward?.Connections ?? [];

    /// <summary>How many it has turned away: not admitted, or one too many. A remote one counts for each connection to the server anew.</summary>
    public long Refused => _forward?.Refused ?? 0;

    /// <summary>The relay at work; null while there is none.</summary>
    protected Forward? Current
    {
        get => _forward;
        set => _forward = value;
    }

    /// <summary>The legs that a connection takes over a link; the last one is missing where each connection names its target.</summary>
    public abstract Route RouteOver(SshLink link);

    /// <summary>Listens no longer. Its connections go on.</summary>
    public virtual async Task StopListeningAsync()
    {
        if (_forward is { } forward)
            await forward.StopAcceptingAsync().ConfigureAwait(false);
    }

    /// <summary>Ends it with all its connections.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        if (_forward is { } forward)
            await forward.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What was asked for, as people write it.</summary>
    public override string ToString() => $"{(Direction is ForwardDirection.Remote ? "-R" : Spec.IsDynamic ? "-D" : "-L")} {Spec}";
}
