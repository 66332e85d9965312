using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Kex;

/// <summary>Log events of the key exchange: 1100 to 1199.</summary>
internal static partial class Log
{
    [LoggerMessage(1100, LogLevel.Debug, "key exchange: {Kex}, host key {HostKey}, cipher {ToServer} to server, {ToClient} to client")]
    public static partial void Negotiated(ILogger logger, string kex, string hostKey, string toServer, string toClient);
}
