using System.Globalization;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A tunnel that has lost its connection many times. In a class of its own, so that others run beside it.</summary>
public sealed class ReconnectEnduranceTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const int WarmUp = 20;
    private const int Rounds = 100;
    private const int MostMoreThreads = 3;
    private const int MostMoreKibibytes = 4096;

    // A connection that did not last for a second makes the next wait twice as long, so only every other one is cut sooner.
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(1.05);

    // The server hears of each at once, so that its ports are free again.
    private static readonly LinkCut[] Cuts = [LinkCut.BothReset, LinkCut.ClientEnded, LinkCut.ServerEnded];

    [AditFact]
    [Trait("Surface", "S1-15")]
    public async Task After_a_hundred_connections_it_holds_no_more_descriptors_threads_and_memory_than_after_twenty()
    {
        // Of one family, so that a port that listens is one that 127.0.0.1 reaches.
        var sshd = await StartSshdAsync(new() { Config = ["LogLevel INFO", "AddressFamily inet"], HostKeys = ["ed25519"] });
        await using var relay = new StallingRelay(sshd.Port);
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys);
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, local, $"127.0.0.1:{echo.Port}", "-R", $"{remote}:127.0.0.1:{echo.Port}"))
        {
            // Garbage is to be collected every two mebibytes, so that what is left is what is held.
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOTNET_GCgen0size"] = "200000" },
        });
        var tunnel = new Tunnel(adit, local);
        await LoopbackPort.UntilListeningAsync(local, adit);
        await LoopbackPort.UntilListeningAsync(remote, adit);

        for (var round = 1; round <= WarmUp; round++)
            await LoseAsync(round, relay, tunnel, remote);
        var descriptors = Held(tunnel.Adit).Count;
        var threads = Status(tunnel.Adit, "Threads");
        var memory = Memory(tunnel.Adit);
        for (var round = WarmUp + 1; round <= Rounds; round++)
            await LoseAsync(round, relay, tunnel, remote);

        await Patience.UntilAsync(() => Held(tunnel.Adit).Count <= descriptors, $"it should hold no more than the {descriptors} descriptors of before",
            () => string.Join('\n', Held(tunnel.Adit)));
        // The pool keeps threads for a while after it needed them.
        await Patience.UntilAsync(() => Status(tunnel.Adit, "Threads") <= threads + MostMoreThreads,
            $"it should hold no more than {MostMoreThreads} threads beyond the {threads} of before");
        Assert.InRange(Memory(tunnel.Adit), 1, memory + MostMoreKibibytes);
    }

    // A connection of each forward is open when the link is cut, and new ones are served afterwards.
    private static async Task LoseAsync(int round, StallingRelay relay, Tunnel tunnel, int remote)
    {
        using var here = await ServerTest.DialAsync(tunnel.Port);
        using var there = await ServerTest.DialAsync(remote);
        await Task.WhenAll(round % 2 == 0 ? Task.Delay(Lasting) : Task.CompletedTask, ServerTest.ExchangeAsync(here), ServerTest.ExchangeAsync(there));

        relay.Cut(Cuts[round % Cuts.Length]);

        await ServerTest.AssertEndsAsync(here, () => tunnel.Adit.Log);
        await ServerTest.AssertEndsAsync(there, () => tunnel.Adit.Log);
        await Patience.UntilAsync(() => tunnel.Adit.Error.Count("again after") == round, $"the connection should be made for the {round}th time again",
            () => tunnel.Adit.Log);
        await LoopbackPort.UntilListeningAsync(remote, tunnel.Adit);
        await Bulk.EchoAsync(tunnel.Port);
        await Bulk.EchoAsync(remote);
    }

    // The runtime loads its own files when they are first needed, and keeps them.
    private static List<string> Held(ChildProcess process) => [.. ProcessTree.Descriptors(process.Pid).Where(target => !target.StartsWith('/'))];

    // Pages of files come and go with what else the machine does.
    private static int Memory(ChildProcess process) => Status(process, "RssAnon") + Status(process, "RssShmem");

    private static int Status(ChildProcess process, string name)
    {
        var line = File.ReadLines($"/proc/{process.Pid}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return int.Parse(line.Split((char[])[':', '\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
