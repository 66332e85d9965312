namespace Adit.Interop.Tests.Peers;

/// <summary>The real ssh, the yardstick.</summary>
internal static class OpenSshClient
{
    public static Task<ChildProcess> StartAsync(params IReadOnlyList<string> arguments) => ChildProcess.StartAsync(new("ssh", arguments));
}
