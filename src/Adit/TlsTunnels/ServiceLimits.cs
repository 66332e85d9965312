using Adit.Stunnel;

namespace Adit.TlsTunnels;

/// <summary>What an option file may say and is not served: refused where going on without it would be less than what was asked for.</summary>
internal static class ServiceLimits
{
    private static readonly StunnelService Usual = new();

    /// <summary>Refuses what cannot be had.</summary>
    /// <exception cref="StunnelException">There is such a thing.</exception>
    public static void Check(StunnelService service)
    {
        string? reason = service switch
        {
            { Pty: true } => "pty = yes is refused: programs get no terminal; script(1) gives them one, as in exec = /usr/bin/script",
            { IsClient: true, Protocol: StunnelProtocol.Smtp } when service.ProtocolUsername is not null || service.ProtocolPassword is not null =>
                "protocolUsername is refused with protocol = smtp: the mail program logs in itself, through the tunnel",
            { OcspResponder: not null } or { OcspFromCertificate: true } => "OCSP is refused: responders are not asked yet; write CRLfile = FILE",
            _ => null,
        };
        if (reason is not null)
            throw new StunnelException(service.Place, $"[{service.Name}]: {reason}");
    }

    /// <summary>What has no effect, in words.</summary>
    public static IEnumerable<string> Notes(StunnelService service)
    {
        if (!service.Curves.IsEmpty)
            yield return $"[{service.Name}]: curves is ignored: the groups of key exchanges are those of the system (openssl.cnf)";
        if (service.SessionCacheSize != Usual.SessionCacheSize || service.SessionCacheTimeout != Usual.SessionCacheTimeout)
            yield return $"[{service.Name}]: sessionCacheSize and sessionCacheTimeout are ignored: .NET says how long sessions are remembered; sessionResume = no forgets them";
        if (service.ProtocolDomain is not null)
            yield return $"[{service.Name}]: protocolDomain is ignored: it is for NTLM, which is not served";
    }
}
