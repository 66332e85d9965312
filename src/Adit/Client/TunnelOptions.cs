using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Probe;
using Adit.Relay;

namespace Adit.Client;

/// <summary>How a <see cref="Tunnel"/> behaves. Immutable.</summary>
internal sealed record TunnelOptions
{
    /// <summary>Whether a connection that is lost is made anew. Default no.</summary>
    public bool Reconnect { get; init; }

    /// <summary>How long new connections wait while there is no link: 15 seconds by default.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Ends the tunnel when no connection went through it for this long; null, the default, for never.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Ends the tunnel when it is this old; null, the default, for never.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The family of addresses to bind.</summary>
    public AddressFamily AddressFamily { get; init; } = AddressFamily.Unspecified;

    /// <summary>The rights of local Unix sockets: the owner's by default.</summary>
    public UnixFileMode UnixMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Sockets that listen already, of which those that fit are taken over; null for none.</summary>
    public InheritedSockets? Inherited { get; init; }

    /// <summary>Whether a socket file in the way is removed, a live one's too (StreamLocalBindUnlink). Default no.</summary>
    public bool UnlinkSockets { get; init; }

    /// <summary>Who may use local forwards; null, the default, for the user alone, and for anyone where other machines reach one.</summary>
    public Admission? Admission { get; init; }

    /// <summary>What has to answer at the target of a local forward, whenever it is added and over each link anew; null, the default, for anything.</summary>
    public Func<ForwardSpec, PostgresExpectation?> Expects { get; init; } = static _ => null;

    /// <summary>TLS from here to the targets of local forwards that have one; null, the default, for none.</summary>
    public TargetProtection? Protection { get; init; }

    /// <summary>How many connections each forward carries at once.</summary>
    public int MaxConnections { get; init; } = ForwardOptions.ConnectionCap;

    /// <summary>What the connections of a remote forward without a target may reach here: everything by default.</summary>
    public Admission RemoteTargets { get; init; } = Admission.AnyPeer;

    /// <summary>The time limits of channels by their type (ChannelTimeout); none by default.</summary>
    public Func<string, RelayOptions> Terms { get; init; } = static _ => RelayOptions.Default;

    /// <summary>Takes what happens; null for nobody.</summary>
    public ITunnelEvents? Events { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Numbers from 0 to 1 for the waits between attempts.</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;
}
