using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>What is to be reached beside stunnel.</summary>
internal static class TlsComparison
{
    private static readonly IReadOnlyList<Goal> Goals =
    [
        .. Beside(TlsContender.AditAes128, TlsContender.StunnelAes128),
        .. Beside(TlsContender.Adit, TlsContender.Stunnel),
        new(Measure.NewConnections, TlsContender.Adit, TlsContender.Stunnel, 1.5),
    ];

    /// <summary>TLS tunnels.</summary>
    public static readonly Comparison Stunnel = new(
        "tls",
        "Adit beside stunnel",
        """
        All tunnels are a client service that leads to a server service over TLS 1.3, which the client verifies by a private authority; stunnel and Adit are
        given the same files. `stunnel` and `adit` have one program at both ends, with the cipher that it comes with (both take AES-256-GCM), `stunnel 128` and
        `adit 128` AES-128-GCM; `adit+stunnel` is Adit's client with stunnel's server, `stunnel+adit` the other way round, both with AES-128-GCM. New connections
        may resume a session, except those of the full handshake; .NET, and so Adit, resumes none where a cipher is named. A short round that does not count goes
        before the others.
        """,
        Goals,
        [Contender.Direct, .. TlsContender.Tunnels]);

    private static IEnumerable<Goal> Beside(Contender adit, Contender stunnel) =>
    [
        new(Measure.BulkUp, adit, stunnel, 1.15),
        new(Measure.BulkDown, adit, stunnel, 1.15),
        new(Measure.CpuClientUp, adit, stunnel, 0.9),
        new(Measure.CpuServerUp, adit, stunnel, 0.9),
        new(Measure.CpuClientDown, adit, stunnel, 0.9),
        new(Measure.CpuServerDown, adit, stunnel, 0.9),
        new(Measure.QueriesOne, adit, stunnel, 1.2),
        new(Measure.QueriesSixteen, adit, stunnel, 1.2),
    ];
}
