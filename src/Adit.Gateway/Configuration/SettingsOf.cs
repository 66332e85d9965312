using System.Collections.Immutable;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Gateway.Configuration;

/// <summary>Makes settings of what the lines have said, with the defaults where they have said nothing.</summary>
internal static class SettingsOf
{
    private static readonly string[] DefaultHostKeys = ["/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"];
    private static readonly ImmutableArray<string> DefaultAuthorizedKeys = [".ssh/authorized_keys", ".ssh/authorized_keys2"];

    /// <exception cref="ConfigException">The addresses to listen on cannot be had.</exception>
    internal static GatewaySettings Values(GatewayValues v)
    {
        GatewaySettings d = new();
        return new()
        {
            ListenAddresses = ListenAddress.All(v),
            Ports = ListenAddress.Ports(v),
            AddressFamily = v.AddressFamily.Or(d.AddressFamily),
            HostKeys = v.HostKeys.Values.Count > 0 ? Paths(v.HostKeys) : [.. DefaultHostKeys.Select(path => new Sourced<string>(path, ConfigSource.Default))],
            HostCertificates = Paths(v.HostCertificates),
            PidFile = v.PidFile.Or(d.PidFile),
            LogLevel = v.LogLevel.Or(d.LogLevel),
            Algorithms = new AlgorithmPreferences
            {
                Kex = v.KexAlgorithms.Or([.. d.Algorithms.Kex]),
                HostKeys = v.HostKeyAlgorithms.Or([.. d.Algorithms.HostKeys]),
                Ciphers = v.Ciphers.Or([.. d.Algorithms.Ciphers]),
                Macs = v.Macs.Or([.. d.Algorithms.Macs]),
            },
            PubkeyAcceptedAlgorithms = v.PubkeyAcceptedAlgorithms.Or([.. SshdValue.KeyAlgorithms]),
            CaSignatureAlgorithms = v.CaSignatureAlgorithms.Or([.. SshdValue.CaAlgorithms]),
            RequiredRsaSize = v.RequiredRsaSize.Or(d.RequiredRsaSize),
            RekeyLimit = v.RekeyLimit.Or(d.RekeyLimit),
            LoginGraceTime = v.LoginGraceTime.Or(d.LoginGraceTime),
            MaxAuthTries = v.MaxAuthTries.Or(d.MaxAuthTries),
            MaxSessions = v.MaxSessions.Or(d.MaxSessions),
            MaxStartups = v.MaxStartups.Or(d.MaxStartups),
            PerSourceMaxStartups = v.PerSourceMaxStartups.Or(d.PerSourceMaxStartups),
            PerSourceNetBlockSize = v.PerSourceNetBlockSize.Or(d.PerSourceNetBlockSize),
            PerSourcePenalties = v.PerSourcePenalties.ToPenalties(),
            PerSourcePenaltyExemptList = v.PerSourcePenaltyExemptList.Or(d.PerSourcePenaltyExemptList),
            ClientAliveInterval = v.ClientAliveInterval.Or(d.ClientAliveInterval),
            ClientAliveCountMax = v.ClientAliveCountMax.Or(d.ClientAliveCountMax),
            TcpKeepAlive = v.TcpKeepAlive.Or(d.TcpKeepAlive),
            ChannelTimeouts = v.ChannelTimeouts.Or(d.ChannelTimeouts),
            UnusedConnectionTimeout = v.UnusedConnectionTimeout.Or(d.UnusedConnectionTimeout),
            AuthorizedKeysFiles = v.AuthorizedKeysFiles.Or(DefaultAuthorizedKeys),
            StrictModes = v.StrictModes.Or(d.StrictModes),
            TrustedUserCaKeys = v.TrustedUserCaKeys.Or(d.TrustedUserCaKeys),
            AuthorizedPrincipalsFile = v.AuthorizedPrincipalsFile.Or(d.AuthorizedPrincipalsFile),
            RevokedKeys = v.RevokedKeys.Or(d.RevokedKeys),
            AllowUsers = [.. v.AllowUsers.Values],
            DenyUsers = v.RootMayLogIn.Or(true) ? [.. v.DenyUsers.Values] : [.. v.DenyUsers.Values, "root"],
            AllowGroups = [.. v.AllowGroups.Values],
            DenyGroups = [.. v.DenyGroups.Values],
            AuthenticationMethods = v.AuthenticationMethods.Or(d.AuthenticationMethods),
            PubkeyAuthentication = v.PubkeyAuthentication.Or(d.PubkeyAuthentication),
            PasswordAuthentication = v.PasswordAuthentication.Or(d.PasswordAuthentication),
            KbdInteractiveAuthentication = v.KbdInteractiveAuthentication.Or(d.KbdInteractiveAuthentication),
            AllowTcpForwarding = v.AllowTcpForwarding.Or(d.AllowTcpForwarding),
            AllowStreamLocalForwarding = v.AllowStreamLocalForwarding.Or(d.AllowStreamLocalForwarding),
            DisableForwarding = v.DisableForwarding.Or(d.DisableForwarding),
            GatewayPorts = v.GatewayPorts.Or(d.GatewayPorts),
            PermitOpen = v.PermitOpen.Or(d.PermitOpen),
            PermitListen = v.PermitListen.Or(d.PermitListen),
            AditPermitOpen = [.. v.AditPermitOpen.Given.Select(static rule => EndpointRule.Parse(rule.Value))],
            AditPermitListen = [.. v.AditPermitListen.Given.Select(static rule => EndpointRule.Parse(rule.Value))],
            AditPermitFrom = v.AditPermitFrom.Or(d.AditPermitFrom),
            Limits = new UserLimits
            {
                Connections = v.MaxConnections.Or(d.Limits.Connections),
                Channels = v.MaxChannels.Or(d.Limits.Channels),
                Listeners = v.MaxListeners.Or(d.Limits.Listeners),
                BytesPerSecond = v.Bandwidth.Or(d.Limits.BytesPerSecond),
                TotalBytes = v.MaxBytes.Or(d.Limits.TotalBytes),
                Session = v.MaxSession.Or(d.Limits.Session),
            },
            StreamLocalBindMask = v.StreamLocalBindMask.Given is [.., var last] ? last.Value : d.StreamLocalBindMask,
            StreamLocalBindUnlink = v.StreamLocalBindUnlink.Or(d.StreamLocalBindUnlink),
            Banner = v.Banner.Or(d.Banner),
            RefuseConnection = v.RefuseConnection.Or(d.RefuseConnection),
            ForceCommand = v.ForceCommand.Or(d.ForceCommand),
            AditPermitExec = v.AditPermitExec.Or(d.AditPermitExec),
            AditUsersFile = v.AditUsersFile.Or(d.AditUsersFile),
            AditAuditLog = v.AditAuditLog.Or(d.AditAuditLog),
            AditTlsListens = [.. v.TlsListens.Values],
            AditTlsCertificate = v.TlsCertificate.Or(d.AditTlsCertificate),
            AditTlsKey = v.TlsKey.Or(d.AditTlsKey),
            AditTlsClientCa = v.TlsClientCa.Or(d.AditTlsClientCa),
            AditTlsClientCrl = v.TlsClientCrl.Or(d.AditTlsClientCrl),
            AditTlsUsers = [.. v.TlsUsers.Values.Select(static user => user.Value)],
        };
    }

    private static ImmutableArray<Sourced<string>> Paths(ValueList<string?> written) =>
        [.. written.Values.Where(path => path.Value is not null).Select(path => new Sourced<string>(path.Value!, path.Source))];
}
