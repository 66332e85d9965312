using System.Net.Security;

namespace Adit.Npgsql;

/// <summary>
/// What a data source holds of its sockets. Npgsql tells nobody that a data source is disposed; when it is collected, this is too, and the
/// sockets end.
/// </summary>
internal sealed class DataSourceAnchor(TunnelSockets sockets, Action<SslClientAuthenticationOptions>? further)
{
#pragma warning disable MA0055 // To be collected is the one thing of a data source that others can notice.
    /// <summary>Ends the sockets.</summary>
    ~DataSourceAnchor() => sockets.Abandon();
#pragma warning restore MA0055

    /// <summary>Has TLS ask for the certificate of the real host, not of the socket's folder.</summary>
    public void OnTls(SslClientAuthenticationOptions options)
    {
        if (options.TargetHost is { } folder && sockets.NameOf(folder) is { } name)
        {
            sockets.ThrowIfRefused(folder);
            options.TargetHost = name;
        }

        further?.Invoke(options);
    }

    /// <summary>Has Kerberos ask for the service on the real host.</summary>
    public void OnNegotiate(NegotiateAuthenticationClientOptions options)
    {
        int slash = options.TargetName?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash >= 0 && sockets.NameOf(options.TargetName![(slash + 1)..]) is { } name)
            options.TargetName = $"{options.TargetName[..slash]}/{name}";
    }
}
