using System.Security.Authentication;

namespace Adit.TlsTunnels;

/// <summary>The versions of TLS from one to another.</summary>
internal static class Versions
{
    /// <summary>All versions that there are between two, both included.</summary>
    public static SslProtocols Between(SslProtocols least, SslProtocols most) =>
        new[] { SslProtocols.Tls12, SslProtocols.Tls13 }.Where(version => version >= least && version <= most).Aggregate(SslProtocols.None, static (all, one) => all | one);
}
