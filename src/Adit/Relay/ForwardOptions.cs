namespace Adit.Relay;

/// <summary>How a <see cref="Forward"/> treats its connections. Immutable.</summary>
internal sealed record ForwardOptions
{
    /// <summary>The most connections that any forward carries at once: 16,384.</summary>
    public const int ConnectionCap = 16_384;

    /// <summary>The defaults.</summary>
    public static ForwardOptions Default { get; } = new();

    /// <summary>Who may use it: <see cref="Admission.SameUser"/> by default.</summary>
    public Admission Admission { get; init; } = Admission.SameUser;

    /// <summary>
    /// How many connections it carries at once, those included that are being admitted or dialled; 1 to <see cref="ConnectionCap"/>,
    /// which is the default. One more is refused, and the others do not notice.
    /// </summary>
    public int MaxConnections { get; init; } = ConnectionCap;

    /// <summary>How long a peer may take until it is admitted and has said what it wants to reach: 30 seconds by default.</summary>
    public TimeSpan AdmissionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long reaching the target may take: 60 seconds by default.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may last in silence, or after one direction ended: without limit by default.</summary>
    public RelayOptions Relay { get; init; } = RelayOptions.Default;

    /// <summary>Takes what happens; null, the default, for nobody.</summary>
    public ITunnelEvents? Events { get; init; }

    /// <summary>The clock; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConnections, ConnectionCap);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AdmissionTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DialTimeout, TimeSpan.Zero);
        Relay.Validate();
    }
}
