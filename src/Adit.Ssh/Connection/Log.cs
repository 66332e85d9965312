using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Connection;

/// <summary>Log events of the connection protocol: 1300 to 1399.</summary>
internal static partial class Log
{
    [LoggerMessage(1300, LogLevel.Debug, "peer opens a channel of type {Type}")]
    public static partial void ChannelOpen(ILogger logger, string type);

    [LoggerMessage(1301, LogLevel.Debug, "peer sent the global request {Name}")]
    public static partial void GlobalRequest(ILogger logger, string name);
}
