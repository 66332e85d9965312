using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A tunnel that has lost its connection many times. In a class of its own, so that others run beside it.</summary>
public sealed class ReconnectEnduranceTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const int WarmUp = 5;
    private const int Rounds = 100;
    private const int MostMoreThreads = 3;
    private const int MostMoreMebibytes = 24;

    // A connection that did not last for a second makes the next wait longer, which is not the question here.
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(1.1);

    [AditFact]
    [Trait("Surface", "S1-15")]
    public async Task After_a_hundred_connections_it_holds_no_more_descriptors_threads_and_memory()
    {
        var sshd = await StartSshdAsync(new() { Config = ["LogLevel VERBOSE"], HostKeys = ["ed25519"] });
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var remote = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, echo.Port, "-R", $"{remote}:127.0.0.1:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(remote, tunnel.Adit);

        await ReconnectAsync(WarmUp, sshd, tunnel, remote);
        var descriptors = ProcessTree.Descriptors(tunnel.Adit.Pid).Count;
        var threads = Status(tunnel.Adit, "Threads");
        var memory = Status(tunnel.Adit, "VmRSS");
        await ReconnectAsync(Rounds, sshd, tunnel, remote);

        await Patience.UntilAsync(() => ProcessTree.Descriptors(tunnel.Adit.Pid).Count == descriptors, $"it should hold {descriptors} descriptors as before",
            () => string.Join('\n', ProcessTree.Descriptors(tunnel.Adit.Pid)));
        Assert.InRange(Status(tunnel.Adit, "Threads"), 1, threads + MostMoreThreads);
        Assert.InRange(Status(tunnel.Adit, "VmRSS"), 1, memory + MostMoreMebibytes * 1024);
    }

    private static async Task ReconnectAsync(int rounds, SshdPeer sshd, Tunnel tunnel, int remote)
    {
        var before = tunnel.Adit.Error.Count("again after");
        for (var round = 1; round <= rounds; round++)
        {
            await Task.Delay(Lasting);
            sshd.KillConnections();
            await tunnel.Adit.ErrorAsync($"(again after(.|\n)*?){{{before + round}}}");
            await LoopbackPort.UntilListeningAsync(remote, tunnel.Adit);
            await Bulk.EchoAsync(tunnel.Port);
            await Bulk.EchoAsync(remote);
        }
    }

    private static int Status(ChildProcess process, string name)
    {
        var line = File.ReadLines($"/proc/{process.Pid}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return int.Parse(line.Split((char[])[':', '\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
