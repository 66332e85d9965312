using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Transport;

/// <summary>Log events of the transport: 1000 to 1099.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Debug, "connection ends ({Reason}): {Message}")]
    public static partial void Closing(ILogger logger, CloseReason reason, string message);

    [LoggerMessage(1001, LogLevel.Debug, "the last message could not be sent in time")]
    public static partial void FarewellTimedOut(ILogger logger, Exception exception);

    [LoggerMessage(1002, LogLevel.Debug, "peer says: {Text}")]
    public static partial void PeerDebug(ILogger logger, string text);

    [LoggerMessage(1003, LogLevel.Debug, "peer does not implement our packet {Sequence}")]
    public static partial void PeerUnimplemented(ILogger logger, uint sequence);
}
