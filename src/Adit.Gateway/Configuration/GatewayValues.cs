using System.Collections.Immutable;
using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Gateway.Configuration;

/// <summary>
/// What the lines that apply have said so far: first those of Match blocks, then, after <see cref="EndMatches"/>, those of the command and
/// the global section, of which the former take precedence.
/// </summary>
internal sealed class GatewayValues
{
    internal ValueList<int> Ports { get; } = new();
    internal ValueList<(string Host, int? Port)> ListenAddresses { get; } = new();
    internal FirstValue<AddressFamily> AddressFamily { get; } = new();
    internal ValueList<string?> HostKeys { get; } = new();
    internal ValueList<string?> HostCertificates { get; } = new();
    internal FirstValue<string?> PidFile { get; } = new();
    internal FirstValue<LogVerbosity> LogLevel { get; } = new();
    internal FirstValue<ImmutableArray<string>> Ciphers { get; } = new();
    internal FirstValue<ImmutableArray<string>> KexAlgorithms { get; } = new();
    internal FirstValue<ImmutableArray<string>> Macs { get; } = new();
    internal FirstValue<ImmutableArray<string>> HostKeyAlgorithms { get; } = new();
    internal FirstValue<ImmutableArray<string>> PubkeyAcceptedAlgorithms { get; } = new();
    internal FirstValue<ImmutableArray<string>> CaSignatureAlgorithms { get; } = new();
    internal FirstValue<int> RequiredRsaSize { get; } = new();
    internal FirstValue<RekeyLimit> RekeyLimit { get; } = new();
    internal FirstValue<TimeSpan> LoginGraceTime { get; } = new();
    internal FirstValue<int> MaxAuthTries { get; } = new();
    internal FirstValue<int> MaxSessions { get; } = new();
    internal FirstValue<MaxStartups> MaxStartups { get; } = new();
    internal FirstValue<int?> PerSourceMaxStartups { get; } = new();
    internal FirstValue<(int V4, int V6)> PerSourceNetBlockSize { get; } = new();
    internal PenaltyValues PerSourcePenalties { get; } = new();
    internal FirstValue<AddressPatternList?> PerSourcePenaltyExemptList { get; } = new();
    internal FirstValue<TimeSpan> ClientAliveInterval { get; } = new();
    internal FirstValue<int> ClientAliveCountMax { get; } = new();
    internal FirstValue<bool> TcpKeepAlive { get; } = new();
    internal FirstValue<ImmutableArray<ChannelTimeout>> ChannelTimeouts { get; } = new();
    internal FirstValue<TimeSpan> UnusedConnectionTimeout { get; } = new();
    internal FirstValue<ImmutableArray<string>> AuthorizedKeysFiles { get; } = new();
    internal FirstValue<bool> StrictModes { get; } = new();
    internal FirstValue<string?> TrustedUserCaKeys { get; } = new();
    internal FirstValue<string?> AuthorizedPrincipalsFile { get; } = new();
    internal FirstValue<string?> RevokedKeys { get; } = new();
    internal SectionList<string> AllowUsers { get; } = new();
    internal SectionList<string> DenyUsers { get; } = new();
    internal SectionList<string> AllowGroups { get; } = new();
    internal SectionList<string> DenyGroups { get; } = new();
    internal FirstValue<bool> RootMayLogIn { get; } = new();
    internal FirstValue<ImmutableArray<ImmutableArray<string>>> AuthenticationMethods { get; } = new();
    internal FirstValue<bool> PubkeyAuthentication { get; } = new();
    internal FirstValue<bool> PasswordAuthentication { get; } = new();
    internal FirstValue<bool> KbdInteractiveAuthentication { get; } = new();
    internal FirstValue<ForwardDirections> AllowTcpForwarding { get; } = new();
    internal FirstValue<ForwardDirections> AllowStreamLocalForwarding { get; } = new();
    internal FirstValue<bool> DisableForwarding { get; } = new();
    internal FirstValue<GatewayPorts> GatewayPorts { get; } = new();
    internal FirstValue<ImmutableArray<string>> PermitOpen { get; } = new();
    internal FirstValue<ImmutableArray<string>> PermitListen { get; } = new();
    internal SectionList<string> AditPermitOpen { get; } = new();
    internal SectionList<string> AditPermitListen { get; } = new();
    internal FirstValue<AddressPatternList?> AditPermitFrom { get; } = new();
    internal FirstValue<int?> MaxConnections { get; } = new();
    internal FirstValue<int?> MaxChannels { get; } = new();
    internal FirstValue<int?> MaxListeners { get; } = new();
    internal FirstValue<long?> Bandwidth { get; } = new();
    internal FirstValue<long?> MaxBytes { get; } = new();
    internal FirstValue<TimeSpan?> MaxSession { get; } = new();

    /// <summary>The only keyword of which, as in sshd, the last value wins.</summary>
    internal SectionList<int> StreamLocalBindMask { get; } = new();

    internal FirstValue<bool> StreamLocalBindUnlink { get; } = new();
    internal FirstValue<string?> Banner { get; } = new();
    internal FirstValue<string?> RefuseConnection { get; } = new();
    internal FirstValue<string?> ForceCommand { get; } = new();
    internal FirstValue<bool> AditPermitExec { get; } = new();
    internal FirstValue<string?> AditUsersFile { get; } = new();
    internal FirstValue<string?> AditAuditLog { get; } = new();
    internal ValueList<TlsListen> TlsListens { get; } = new();
    internal FirstValue<string?> TlsCertificate { get; } = new();
    internal FirstValue<string?> TlsKey { get; } = new();
    internal FirstValue<string?> TlsClientCa { get; } = new();
    internal FirstValue<string?> TlsClientCrl { get; } = new();
    internal ValueList<CertificateUser> TlsUsers { get; } = new();

    /// <summary>Keywords that have no effect.</summary>
    internal Dictionary<string, ConfigSource> Ignored { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What else the administrator may want to know.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>From here on come lines outside of Match blocks: their lists do not add to those that a Match block has given.</summary>
    internal void EndMatches()
    {
        AllowUsers.End();
        DenyUsers.End();
        AllowGroups.End();
        DenyGroups.End();
        AditPermitOpen.End();
        AditPermitListen.End();
        StreamLocalBindMask.End();
    }
}
