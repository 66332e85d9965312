using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tests.Relay;

/// <summary>Every kind of rule on a machine where thousands of sockets are open: the right one is found, whoever holds it.</summary>
[SupportedOSPlatform("linux")]
[Trait("Surface", "S0-7")]
[Collection(nameof(SocketCrowd))]
public sealed class CrowdedAdmissionTests(SocketCrowd crowd) : IDisposable
{
    private const string Attempt = "say(attempt(*target()))";

    private readonly string _directory = Directory.CreateTempSubdirectory("adit-").FullName;
    private readonly RecordedEvents _events = new();

    public static TheoryData<string> Hosts => ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_user_is_told_from_another(string host)
    {
        using PeerProcess same = PeerProcess.Script(Attempt);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync("same-user", _events);
        Assert.Equal("admitted", await same.TryAsync(host, tunnel.Port));
        Assert.Equal("admitted", await crowd.TryAsync(host, tunnel.Port));
        if (!OtherUser.IsPossible)
            return;
        using PeerProcess other = PeerProcess.Script(Attempt, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        Assert.Equal("reset", await other.TryAsync(host, tunnel.Port));
        await RefusedAsync(other.Pid);
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task Of_a_tree_the_root_its_child_and_its_grandchild_are_told_from_strangers(string host)
    {
        using PeerProcess own = PeerProcess.Script("""
            to = target()
            for depth in range(3):
                say(attempt(*to))
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)
                    os._exit(0) if depth else hear()
            """);
        using PeerProcess stranger = PeerProcess.Script(Attempt);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events);
        Assert.Equal("reset", await stranger.TryAsync(host, tunnel.Port));
        await RefusedAsync(stranger.Pid);
        Assert.Equal("reset", await crowd.TryAsync(host, tunnel.Port));
        await RefusedAsync(crowd.Pid);
        Assert.Equal(0, tunnel.Opened);

        Assert.Equal("admitted", await own.TryAsync(host, tunnel.Port));
        Assert.Equal("admitted", await own.HearAsync());
        Assert.Equal("admitted", await own.HearAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_with_thousands_of_sockets_is_admitted_by_any_of_them_whichever_table_of_the_kernel_is_read(bool sockDiag)
    {
        RuleAdmission rule = new(AdmissionRule.Tree(crowd.Pid), new LinuxPeerIdentifier(sockDiag), LinuxCalls.GetEffectiveUserId());
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(rule);
        for (int i = 0; i < 20; i++)
            Assert.Equal("admitted", await crowd.TryAsync("127.0.0.1", tunnel.Port));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_program_is_told_from_another(string host)
    {
        string program = Path.Combine(_directory, "tool"), other = Path.Combine(_directory, "other");
        File.Copy("/bin/bash", program);
        File.Copy("/bin/bash", other);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync("exe:" + program, _events);
        using PeerProcess own = PeerProcess.Bash(program);
        using PeerProcess stranger = PeerProcess.Bash(other);
        Assert.Equal("admitted", await own.TryAsync(host, tunnel.Port));
        Assert.Equal("reset", await stranger.TryAsync(host, tunnel.Port));
        await RefusedAsync(stranger.Pid);
        Assert.Equal("reset", await crowd.TryAsync(host, tunnel.Port));
    }

    [Fact]
    public async Task This_process_is_told_from_its_children()
    {
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync("self", _events);
        using PeerProcess child = PeerProcess.Script(Attempt);
        Assert.Equal("reset", await child.TryAsync("127.0.0.1", tunnel.Port));
        await RefusedAsync(child.Pid);
        using Socket own = await LocalListenerTests.ConnectAsync("127.0.0.1", tunnel.Port);
        Assert.Equal(Environment.ProcessId, (await _events.NextAsync<ConnectionOpened>()).Peer!.Pid);
    }

    [Fact]
    public async Task A_process_that_ends_right_after_it_has_connected_is_gone()
    {
        using PeerProcess brief = PeerProcess.Script("s = make('127.0.0.1')\njoin(s, *target())\nos._exit(0)");
        var look = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Late(brief.Pid, look.Task), _events);
        await brief.TellAsync(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1 {tunnel.Port}"));
        await brief.ExitAsync();
        look.SetResult();
        Assert.EndsWith("; the peer is gone or could not be determined", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason, StringComparison.Ordinal);
        Assert.Equal(0, tunnel.Opened);
    }

    // The kernel notes who holds a TCP connection, not who made it: at the look the one who has it counts, and there is one look.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_handed_on_is_judged_by_who_holds_it_at_the_look_and_once(bool beforeTheLook)
    {
        string passing = Path.Combine(_directory, "passing.sock");
        using PeerProcess own = PeerProcess.Script("s = make('127.0.0.1')\njoin(s, *target())\nsay(LOOK)\nsend_socket(hear(), s)\ns.close()\nsay('given')\nhear()"
            .Replace("LOOK", beforeTheLook ? "'connected'" : "use(s)", StringComparison.Ordinal));
        using PeerProcess receiver = PeerProcess.Script("s = take_socket(hear(), lambda: say('listens'))\nhear()\nsay(use(s))");
        var look = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!beforeTheLook)
            look.SetResult();
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Late(own.Pid, look.Task), _events);
        await receiver.TellAsync(passing);
        Assert.Equal("listens", await receiver.HearAsync());
        Assert.Equal(beforeTheLook ? "connected" : "admitted", await own.TryAsync("127.0.0.1", tunnel.Port));
        await own.TellAsync(passing);
        Assert.Equal("given", await own.HearAsync());
        look.TrySetResult();
        if (beforeTheLook)
            await RefusedAsync(receiver.Pid);
        await receiver.TellAsync("use");
        Assert.Equal(beforeTheLook ? "reset" : "admitted", await receiver.HearAsync());
        Assert.Equal(beforeTheLook ? 0 : 1, tunnel.Opened);
    }

    // Who was refused is looked for as long as that is cheap, and left unnamed where it is not.
    private async Task RefusedAsync(int pid)
    {
        ConnectionRefused refused = await RefusalAsync();
        Assert.Equal(RefusalKind.NotAdmitted, refused.Refusal.Kind);
        Assert.Contains(refused.Peer!.Pid, (int?[])[pid, null]);
    }

    private async Task<ConnectionRefused> RefusalAsync()
    {
        while (true)
        {
            if (await _events.NextAnyAsync() is ConnectionRefused refused)
                return refused;
        }
    }

    private static FakeAdmission Late(int pid, Task look)
    {
        Admission rule = Admission.Of(AdmissionRule.Tree(pid));
        return new(async (request, cancellationToken) =>
        {
            await look.WaitAsync(cancellationToken);
            return await rule.AdmitAsync(request, cancellationToken);
        });
    }

    private static string Tree(int pid) => string.Create(CultureInfo.InvariantCulture, $"pid:{pid}");
}
