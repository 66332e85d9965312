using Adit.Platform;

namespace Adit.Relay;

/// <summary>What an admission is asked: may this peer use this tunnel, for this target? Plain data.</summary>
/// <param name="Connection">The connection that came in; nothing was read from it, and nothing may be.</param>
/// <param name="Target">What it wants to reach; null while it has not said so yet. It is then asked about again when it has.</param>
internal sealed record AdmissionRequest(IncomingConnection Connection, Endpoint? Target);

/// <summary>What an admission answers. Immutable plain data.</summary>
internal sealed record AdmissionVerdict
{
    private AdmissionVerdict(string? refusal, PeerIdentity? peer)
    {
        Refusal = refusal;
        Peer = peer;
    }

    /// <summary>Whether the peer may go on.</summary>
    public bool IsAdmitted => Refusal is null;

    /// <summary>Why not, in words for people; null if it may.</summary>
    public string? Refusal { get; }

    /// <summary>Who the peer is, if that was asked and is known.</summary>
    public PeerIdentity? Peer { get; }

    /// <summary>The time limits on which it may go on; null for those of the forward.</summary>
    public RelayOptions? Terms { get; init; }

    /// <summary>The peer may go on.</summary>
    public static AdmissionVerdict Admit(PeerIdentity? peer = null) => new(null, peer);

    /// <summary>The peer may not.</summary>
    public static AdmissionVerdict Refuse(string reason, PeerIdentity? peer = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return new(reason, peer);
    }
}

/// <summary>
/// Decides before a byte goes on whether a peer may use a tunnel. Implementations are safe for concurrent calls, and refuse what they
/// cannot determine. An exception counts as a refusal.
/// </summary>
internal abstract class Admission
{
    /// <summary>Admits everyone who can reach the listener.</summary>
    public static Admission AnyPeer { get; } = new AnyPeerAdmission();

    /// <summary>Admits the peers on this machine that run as the user of this process. The default of local listeners.</summary>
    public static Admission SameUser { get; } = Of(AdmissionRule.SameUser);

    /// <summary>Admits whom a rule names.</summary>
    /// <remarks>
    /// Names of users and groups are looked up here, and a process is taken hold of here, so that another one that gets its number later
    /// does not count. A program is looked up for each connection.
    /// </remarks>
    /// <exception cref="FormatException">A user, group, program or process that the rule names does not exist.</exception>
    public static Admission Of(AdmissionRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        RuleAdmission admission = new(
            rule,
            OperatingSystem.IsLinux() ? new LinuxPeerIdentifier() : new UnknownPeerIdentifier(),
            OperatingSystem.IsWindows() ? null : LinuxCalls.GetEffectiveUserId());
        return rule.Terms.OfType<AnyTerm>().Any() ? AnyPeer : admission;
    }

    /// <summary>The rule as it is written; null where there is none that could be.</summary>
    internal virtual string? Rule => null;

    /// <summary>Decides about a peer.</summary>
    public abstract ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken);

    private sealed class AnyPeerAdmission : Admission
    {
        internal override string Rule => AdmissionRule.Any.ToString();

        public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
            new(AdmissionVerdict.Admit());
    }
}
