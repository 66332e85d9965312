using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>What is understood and not done yet. It must not be passed over, since the connection would be another one than was asked for.</summary>
internal static class NotYetServed
{
    /// <summary>Each line goes when its feature comes.</summary>
    private static readonly (Func<SshCommandLine, HostConfig, bool> IsAskedFor, string Message)[] Features =
    [
        ((line, _) => line.Request is CommandLineRequest.Control, "shared connections are not served yet: leave -O out"),
        ((_, config) => config.SessionType != SessionType.None, "sessions are not served yet: add -N"),
        ((_, config) => config.KnownHostsCommand is not null, "KnownHostsCommand applies to this destination, and is not served yet"),
        ((_, config) => !config.RevokedHostKeys.IsEmpty, "RevokedHostKeys applies to this destination, and is not served yet"),
        ((_, config) => config.CheckHostIp, "CheckHostIP applies to this destination, and is not served yet"),
    ];

    /// <exception cref="UsageException">Something of it is asked for.</exception>
    internal static void Check(SshCommandLine line, HostConfig config)
    {
        foreach ((Func<SshCommandLine, HostConfig, bool> isAskedFor, string message) in Features)
        {
            if (isAskedFor(line, config))
                throw new UsageException(message);
        }
    }
}
