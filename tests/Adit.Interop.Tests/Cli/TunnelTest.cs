using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>An open <c>adit -N -L</c>.</summary>
internal sealed record Tunnel(ChildProcess Adit, int Port);

public abstract class TunnelTest(ITestOutputHelper output) : PeerTest(output)
{
    /// <summary>ssh's, and so ours, whatever went wrong with the connection.</summary>
    internal const int ConnectionFailed = 255;

    /// <summary>Opens a tunnel to a port of this machine and waits until it listens.</summary>
    internal Task<Tunnel> OpenTunnelAsync(SshClientFiles files, int targetPort, params IReadOnlyList<string> options) =>
        OpenTunnelAsync(files, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{targetPort}"), options);

    internal async Task<Tunnel> OpenTunnelAsync(SshClientFiles files, string target, params IReadOnlyList<string> options)
    {
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync(Arguments(files, port, target, options));
        await LoopbackPort.UntilListeningAsync(port, adit);
        return new Tunnel(adit, port);
    }

    /// <summary>Starts a tunnel that is expected to end by itself, and gives its process once it has.</summary>
    internal async Task<ChildProcess> FailToOpenAsync(SshClientFiles files, params IReadOnlyList<string> options)
    {
        var adit = await StartAditAsync(Arguments(files, LoopbackPort.Free(), "127.0.0.1:9", options));
        adit.Input.Close();
        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        return adit;
    }

    internal static string[] Arguments(SshClientFiles files, int port, string target, params IReadOnlyList<string> options) =>
        ["-F", files.ConfigPath, .. options, "-N", "-L", string.Create(CultureInfo.InvariantCulture, $"{port}:{target}"), SshClientFiles.Alias];
}
