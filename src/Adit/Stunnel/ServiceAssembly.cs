using System.Collections.Immutable;
using System.Security.Authentication;
using Adit.Relay;

namespace Adit.Stunnel;

/// <summary>Makes a service of the options of a section: what they mean together, and whether they fit together.</summary>
internal sealed class ServiceAssembly(StunnelService service, ImmutableDictionary<string, ConfigPlace> places, bool allowsInsecure)
{
    private readonly List<(ConfigPlace Place, string Text)> _warnings = [];

    /// <summary>What a person should hear, with its place.</summary>
    internal IReadOnlyList<(ConfigPlace Place, string Text)> Warnings => _warnings;

    private bool HasServerSni => !service.IsClient && !service.Sni.IsEmpty;

    private bool IsSocksServer => !service.IsClient && service.Protocol == StunnelProtocol.Socks;

    private bool HasCa => service.CaFile is not null || service.CaPath is not null;

    /// <summary>The service.</summary>
    /// <exception cref="StunnelException">The options do not fit together.</exception>
    internal StunnelService Finish()
    {
        CheckEnds();
        CheckProtocol();
        CheckCredentials();
        CheckVerification();
        CheckRevocations();
        CheckRedirect();
        (SslProtocols least, SslProtocols most) = Versions();
        return service with
        {
            // A port alone: whoever comes to a client gets what the client may, so that only this machine can.
            Accept = [.. service.Accept.Select(accept => !service.IsClient && accept is { Path: null, BindAddress: null } ? ListenSpec.Tcp(accept.Port, "*") : accept)],
            ExecArgs = service.Exec is { } program && service.ExecArgs.IsEmpty ? [program] : service.ExecArgs,
            Failover = service.Delay ? StunnelFailover.Priority : service.Failover,
            Key = service.Key ?? service.Certificate,
            MinVersion = least,
            MaxVersion = most,
            ProtocolTarget = Target(),
            ServerName = ServerName(),
        };
    }

    private void CheckEnds()
    {
        List<string> ends = [];
        if (!service.Accept.IsEmpty)
            ends.Add("accept");
        if (HasServerSni)
            ends.Add("sni");
        int sources = ends.Count;
        if (!service.Connect.IsEmpty)
            ends.Add("connect");
        if (service.Exec is not null)
            ends.Add("exec");
        if (IsSocksServer)
            ends.Add("protocol = socks");
        int targets = ends.Count - sources;
        if (service.IsInetd && !service.Accept.IsEmpty)
            throw Wrong("accept", "accept belongs to a service; write [NAME] above it (without a section, inetd gives the connection)");
        if (service.IsInetd && ends.Count == 0)
            throw Wrong("", "there is no service; write [NAME] with accept and connect below it");
        if (targets == 0)
            throw Wrong("", $"{Who} leads nowhere; write connect = HOST:PORT or exec = PROGRAM");
        if (!service.IsInetd && ends.Count == 1)
            throw Wrong("", $"{Who} is asked by nobody; write accept = PORT");
        if (ends.Count > (service.IsInetd ? 1 : 2))
            throw Wrong(ends[^1].Split(' ')[0], $"{Who} has {string.Join(", ", ends[..^1])} and {ends[^1]}; a service connects {(service.IsInetd ? "inetd's connection with one of them" : "two of them")}");
        if (service.Retry is not null && (service.Exec is null || service.Connect.IsEmpty))
            Warn("retry", "retry has no effect: it is for services that connect an exec with a connect");
    }

    private void CheckProtocol()
    {
        switch (service.Protocol)
        {
            case StunnelProtocol.Proxy when service.IsClient:
                throw Wrong("protocol", "protocol = proxy is for servers; they tell their target who connects");
            case StunnelProtocol.Connect or StunnelProtocol.Ldap or StunnelProtocol.Nntp when !service.IsClient:
                throw Wrong("protocol", $"protocol = {Word(service.Protocol)} is for clients; write client = yes");
            case StunnelProtocol.Connect when service.ProtocolHost is null:
                throw Wrong("protocol", "protocol = connect needs protocolHost = HOST:PORT, where the proxy is to connect to");
        }

        bool fits = service.ProtocolAuthentication switch
        {
            StunnelAuthentication.Basic => service.Protocol == StunnelProtocol.Connect,
            StunnelAuthentication.Plain or StunnelAuthentication.Login => service.Protocol == StunnelProtocol.Smtp,
            _ => true,
        };
        if (!fits)
            throw Wrong("protocolAuthentication", "protocolAuthentication is basic with protocol = connect, plain or login with protocol = smtp");
        if ((service.ProtocolUsername ?? service.ProtocolPassword) is not null && service.Protocol is not StunnelProtocol.Connect)
            throw Wrong(service.ProtocolUsername is null ? "protocolPassword" : "protocolUsername", "adit logs in to proxies only (protocol = connect); have the mail program log in by itself");
        if (service.AllowsPlaintext && (service.IsClient || service.Protocol != StunnelProtocol.PgSql))
            throw Wrong("AditPlaintext", "AditPlaintext is for servers with protocol = pgsql");
    }

    private void CheckCredentials()
    {
        if (!service.IsClient && service.Certificate is null)
            throw Wrong("", $"{Who} is a server without a certificate; write cert = FILE (adit cert makes one), or client = yes");
        if (service.IsClient && service is { Key: not null, Certificate: null })
            throw Wrong("key", "a key without a certificate; write cert = FILE");
    }

    private void CheckVerification()
    {
        if (!service.IsVerified)
        {
            string? check = service.CheckHosts.IsEmpty ? service.CheckIps.IsEmpty ? service.CheckEmails.IsEmpty ? null : "checkEmail" : "checkIP" : "checkHost";
            if (check is not null)
                throw Wrong(check, $"{check} compares what is verified; write verifyChain = yes or verifyPeer = yes");
            if (service.IsClient && !service.AllowsInsecure && !allowsInsecure)
            {
                throw Wrong(
                    "",
                    $"{Who} would speak with any server whatever; write verifyChain = yes, CAfile = FILE and checkHost = NAME, "
                    + "or verifyPeer = yes and CAfile = FILE with the server's own certificate (AditInsecure = yes goes on without)");
            }

            if (!service.IsClient && service.RequireCert)
                Warn("requireCert", $"{Who} lets in whoever has any certificate; write verifyChain = yes or verifyPeer = yes");
            if (service.CrlFile is not null || service.CrlPath is not null)
                Warn(service.CrlFile is not null ? "CRLfile" : "CRLpath", "revocation lists have no effect without verifyChain = yes or verifyPeer = yes");
        }
        else if (!HasCa)
        {
            throw Wrong(service.VerifyChain ? "verifyChain" : "verifyPeer", $"{Who} verifies, but trusts nobody; write CAfile = FILE or CApath = FOLDER (-A or -a)", "verify");
        }
        else if (service is { IsClient: true, VerifyPeer: false, CheckHosts.IsEmpty: true, CheckIps.IsEmpty: true, CheckEmails.IsEmpty: true })
        {
            Warn("verifyChain", $"{Who} takes any server with a certificate of those in CAfile or CApath; write checkHost = NAME for one alone", "verify");
        }

        if ((service.OcspResponder is not null || service.OcspFromCertificate) && !service.VerifyChain)
            throw Wrong(service.OcspResponder is not null ? "OCSP" : "OCSPaia", "OCSP needs verifyChain = yes");
    }

    private void CheckRevocations()
    {
        if (service is { VerifyPeer: true, VerifyChain: false } && (service.CrlFile ?? service.CrlPath) is not null)
            throw Wrong(service.CrlFile is null ? "CRLpath" : "CRLfile", "a list of revoked certificates needs verifyChain = yes: it is its authority that takes a certificate back");
    }

    private void CheckRedirect()
    {
        if (service.Redirect.IsEmpty)
            return;
        if (service.IsClient)
            throw Wrong("redirect", "redirect is for servers");
        if (service.Protocol is StunnelProtocol.Imap or StunnelProtocol.Pop3 or StunnelProtocol.Smtp)
            throw Wrong("redirect", $"redirect does not go with protocol = {Word(service.Protocol)}, which connects to the target before it knows the client");
        if (service.Protocol is StunnelProtocol.Socks)
            throw Wrong("redirect", "redirect does not go with protocol = socks, whose clients say where they go");
        if (!service.IsVerified)
            throw Wrong("redirect", "redirect needs verifyChain = yes or verifyPeer = yes");
    }

    private (SslProtocols Least, SslProtocols Most) Versions()
    {
        SslProtocols least = service.MinVersion;
        SslProtocols most = service.MaxVersion;
        if (service.ExcludedVersions.HasFlag(SslProtocols.Tls12))
            least = SslProtocols.Tls13;
        if (service.ExcludedVersions.HasFlag(SslProtocols.Tls13))
            most = SslProtocols.Tls12;
        string option = service.ExcludedVersions != SslProtocols.None ? "options" : places.ContainsKey("sslVersionMax") ? "sslVersionMax" : "sslVersionMin";
        return least <= most && service.ExcludedVersions != (SslProtocols.Tls12 | SslProtocols.Tls13)
            ? (least, most)
            : throw Wrong(option, $"{Who} is left without a version of TLS");
    }

    private Endpoint? Target()
    {
        if (service is not { Protocol: StunnelProtocol.Connect, ProtocolHost: { } host })
            return null;
        OptionLine line = new("protocolHost", host, places.GetValueOrDefault("protocolHost", service.Place));
        return host.Contains(':', StringComparison.Ordinal) ? OptionValue.Target(line) : throw line.Wrong("write HOST:PORT");
    }

    // As in stunnel, but for protocolHost with smtp, which is the name of this end; empty is none.
    private string? ServerName()
    {
        if (!service.IsClient)
            return null;
        if (!service.Sni.IsEmpty)
            return service.Sni[^1].Length > 0 ? service.Sni[^1] : null;
        if (Target() is { } target)
            return target.Host;
        return service.Connect.IsEmpty ? null : service.Connect[0].Host ?? "localhost";
    }

    private string Who => service.IsInetd ? "the service" : $"[{service.Name}]";

    private static string Word(StunnelProtocol protocol) => protocol.ToString().ToLowerInvariant();

    private StunnelException Wrong(string option, string message, string otherOption = "") => new(Where(option, otherOption), message);

    private void Warn(string option, string message, string otherOption = "") => _warnings.Add((Where(option, otherOption), message));

    private ConfigPlace Where(string option, string otherOption) =>
        places.TryGetValue(option, out ConfigPlace place) || places.TryGetValue(otherOption, out place) ? place : service.Place;
}
