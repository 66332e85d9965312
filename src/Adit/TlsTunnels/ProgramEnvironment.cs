using System.Globalization;
using Adit.Relay;
using Adit.Stunnel;

namespace Adit.TlsTunnels;

/// <summary>What a program that serves connections finds in its environment, as stunnel has it.</summary>
internal static class ProgramEnvironment
{
    /// <summary>The variables: who has connected, and what the file sets.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Of(ConnectionOrigin origin, StunnelGlobal global)
    {
        yield return new("REMOTE_HOST", origin.Address);
        yield return new("REMOTE_PORT", origin.Port.ToString(CultureInfo.InvariantCulture));
        yield return new("SSL_CLIENT_DN", origin.Certificate);
        yield return new("SSL_CLIENT_I_DN", origin.CertificateIssuer);
        foreach (KeyValuePair<string, string?> variable in global.Environment)
            yield return variable;
    }
}
