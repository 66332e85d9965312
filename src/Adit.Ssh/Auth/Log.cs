using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Auth;

/// <summary>Log events of the authentication: 1200 to 1299.</summary>
internal static partial class Log
{
    [LoggerMessage(1200, LogLevel.Debug, "authentication method {Method}: {Outcome}")]
    public static partial void Attempt(ILogger logger, string method, AuthOutcome outcome);
}
