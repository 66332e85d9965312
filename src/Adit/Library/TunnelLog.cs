using Microsoft.Extensions.Logging;

namespace Adit;

/// <summary>Log events of tunnels of the library: 2000 to 2099.</summary>
internal static partial class TunnelLog
{
    [LoggerMessage(2000, LogLevel.Debug, "{Step}")]
    public static partial void Step(ILogger logger, string step);

    [LoggerMessage(2001, LogLevel.Warning, "{Notice}")]
    public static partial void Notice(ILogger logger, string notice);

    [LoggerMessage(2002, LogLevel.Information, "the server says: {Banner}")]
    public static partial void Banner(ILogger logger, string banner);

    [LoggerMessage(2003, LogLevel.Information, "tunnel to {Destination} is open: {Route}")]
    public static partial void Opened(ILogger logger, string destination, string route);

    [LoggerMessage(2004, LogLevel.Error, "tunnel to {Destination} cannot be opened: {Reason}")]
    public static partial void NotOpened(ILogger logger, string destination, string reason);

    [LoggerMessage(2005, LogLevel.Information, "tunnel to {Destination} has ended: {Reason}")]
    public static partial void Ended(ILogger logger, string destination, string reason);

    [LoggerMessage(2006, LogLevel.Warning, "connection to {Destination} lost: {Reason}; connecting again")]
    public static partial void LinkLost(ILogger logger, string destination, string reason);

    [LoggerMessage(2007, LogLevel.Warning, "no connection to {Destination} yet: {Reason}; trying again in {Seconds:0.0} s")]
    public static partial void LinkFailed(ILogger logger, string destination, string reason, double seconds);

    [LoggerMessage(2008, LogLevel.Information, "connected to {Destination} again after {Seconds:0.0} s")]
    public static partial void LinkRestored(ILogger logger, string destination, double seconds);

    [LoggerMessage(2009, LogLevel.Debug, "connection {Id} from {Origin}: {Route}")]
    public static partial void ConnectionOpened(ILogger logger, long id, string origin, string route);

    [LoggerMessage(2010, LogLevel.Debug, "connection {Id} from {Origin} closed after {Seconds:0.0} s, {BytesOut} bytes to {Target} and {BytesIn} back; {Failure}")]
    public static partial void ConnectionClosed(
        ILogger logger, long id, string origin, double seconds, long bytesOut, string? target, long bytesIn, string failure);

    [LoggerMessage(2011, LogLevel.Warning, "connection from {Origin} to {Target} refused: {Reason}")]
    public static partial void ConnectionRefused(ILogger logger, string origin, string? target, string reason);

    [LoggerMessage(2012, LogLevel.Warning, "cannot accept connections on {Endpoints}: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string endpoints, string reason);
}
