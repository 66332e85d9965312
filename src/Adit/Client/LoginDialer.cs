using Adit.OpenSsh;
using Adit.Proxies;
using Adit.Relay;
using Adit.Tls;

namespace Adit.Client;

/// <summary>What a server is reached over that speaks neither SSH nor plain TCP: a proxy (AditProxy), TLS around it (AditViaTls).</summary>
internal static class LoginDialer
{
    /// <summary>Dials as it is configured.</summary>
    /// <param name="inner">Reaches what comes first.</param>
    /// <param name="config">What is configured.</param>
    /// <exception cref="TlsFileException">A file of certificates cannot be used.</exception>
    public static IDialer Over(IDialer inner, HostConfig config)
    {
        IDialer dialer = inner;
        if (config.Proxy is { } proxy)
        {
            ProxyCredentials? credentials = proxy.User is { } user ? new(user, proxy.Password) : null;
            dialer = proxy.IsSocks ? new Socks5Dialer(dialer, proxy.At, credentials) : new HttpConnectDialer(dialer, proxy.At, credentials);
        }

        if (config.ViaTls is not { } front)
            return dialer;
        TlsTrust trust = config.ViaTlsRoot is { } file
            ? TlsTrust.System with { Authorities = TlsFile.ReadCertificates(file), Source = file }
            : TlsTrust.System;
        return new ThroughTlsDialer(new TlsDialer(dialer, new() { Trust = trust }), front);
    }
}
