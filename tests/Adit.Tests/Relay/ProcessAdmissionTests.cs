using System.Globalization;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tests.Relay;

/// <summary>Which processes get into a tunnel: real ones, over real sockets, by the kernel's word.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProcessAdmissionTests : IDisposable
{
    private const string Attempt = "say(attempt(*target()))";

    // Says what came of its connection, and that its parent has ended, so that a test cannot pass with one that still has its own.
    private const string Orphan = """
        host, port = target()
        here = os.getpid()
        if not os.fork():
            parent = os.getpid()
            if not os.fork():
                BEGIN
                while os.getppid() == parent: pass
                say(attempt(host, port), 'parent' if os.getppid() == here else 'orphan')
            os._exit(0)
        os.wait()
        hear()
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("adit-").FullName;
    private readonly RecordedEvents _events = new();

    private string SocketPath => Path.Combine(_directory, "tunnel.sock");

    private string PassingPath => Path.Combine(_directory, "passing.sock");

    public static TheoryData<string> Hosts => ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Hosts))]
    [Trait("Surface", "S0-7")]
    public async Task The_process_of_a_rule_gets_in_and_another_one_of_the_same_user_is_reset_and_named(string host)
    {
        using PeerProcess own = PeerProcess.Script(Attempt);
        using PeerProcess stranger = PeerProcess.Script(Attempt);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events);

        Assert.Equal("reset", await stranger.TryAsync(host, tunnel.Port));
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal(
            new Refusal(RefusalKind.NotAdmitted, $"the tunnel admits only process {own.Pid} and its descendants"), refused.Refusal);
        Assert.Equal((LinuxCalls.GetEffectiveUserId(), stranger.Pid), (refused.Peer!.Uid, refused.Peer.Pid));
        Assert.Contains("/python", refused.Peer.Executable, StringComparison.Ordinal);
        Assert.Equal(0, tunnel.Opened);

        Assert.Equal("admitted", await own.TryAsync(host, tunnel.Port));
        Assert.Equal(own.Pid, (await _events.NextAsync<ConnectionOpened>()).Peer!.Pid);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Both_tables_of_the_kernel_lead_to_the_same_processes(bool sockDiag)
    {
        using PeerProcess own = PeerProcess.Script(Attempt);
        using PeerProcess stranger = PeerProcess.Script(Attempt);
        uint user = LinuxCalls.GetEffectiveUserId();
        RuleAdmission rule = new(AdmissionRule.Tree(own.Pid), new LinuxPeerIdentifier(sockDiag), user);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(rule, _events);
        Assert.Equal("reset", await stranger.TryAsync("::1", tunnel.Port));
        Assert.Equal(stranger.Pid, (await _events.NextAsync<ConnectionRefused>()).Peer!.Pid);
        Assert.Equal("admitted", await own.TryAsync("::1", tunnel.Port));
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    public async Task Descendants_get_in_however_far_down_and_ancestors_do_not()
    {
        using PeerProcess own = PeerProcess.Script("""
            host, port = target()
            for depth in range(5):
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)
                    if depth: os._exit(0)
                    break
                say(attempt(host, port))
            else:
                code = 'import socket,sys; s=socket.create_connection((sys.argv[1],sys.argv[2])); s.send(b"hi"); print(s.recv(2))'
                subprocess.run(['/bin/sh', '-c', '"$@"; exit', 'sh', sys.executable, '-c', code, host, port])
            """);
        using PeerProcess ancestor = PeerProcess.Script("""
            child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)
            say(child.pid)
            say(attempt(*target()))
            """);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync($"{Tree(own.Pid)} or pid:{await ancestor.HearAsync()}");
        Assert.Equal("admitted", await own.TryAsync("127.0.0.1", tunnel.Port));
        for (int i = 1; i < 5; i++)
            Assert.Equal("admitted", await own.HearAsync());
        Assert.Equal("b'hi'", await own.HearAsync());
        Assert.Equal("reset", await ancestor.TryAsync("127.0.0.1", tunnel.Port));
    }

    [Theory]
    [InlineData("", "pass", "reset orphan")]
    [InlineData("", "os.setsid()", "reset orphan")]
    [InlineData("os.setsid()\n", "os.setsid()", "reset orphan")]
    [InlineData("os.setsid()\n", "pass", "admitted orphan")]
    public async Task An_orphan_gets_in_only_while_who_began_its_session_is_in_the_tree(string root, string orphan, string outcome)
    {
        using PeerProcess own = PeerProcess.Script(root + "say('ready')\n" + Orphan.Replace("BEGIN", orphan, StringComparison.Ordinal));
        Assert.Equal("ready", await own.HearAsync());
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid));
        Assert.Equal(outcome, await own.TryAsync("127.0.0.1", tunnel.Port));
    }

    [Fact]
    public async Task With_the_root_the_right_of_its_descendants_ends()
    {
        using PeerProcess own = PeerProcess.Script("""
            if not os.fork():
                say(attempt(*target()))
                say(attempt(*target()))
                os._exit(0)
            signal.pause()
            """);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events);
        Assert.Equal("admitted", await own.TryAsync("127.0.0.1", tunnel.Port));
        await _events.NextAsync<ConnectionOpened>();
        await _events.NextAsync<ConnectionClosed>();
        own.Kill();
        await own.ExitAsync();
        Assert.Equal("reset", await own.TryAsync("127.0.0.1", tunnel.Port));
        Assert.EndsWith(
            string.Create(CultureInfo.InvariantCulture, $"; process {own.Pid} has ended"),
            (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thousand_connections_of_an_admitted_process_and_those_of_its_short_lived_children_all_get_in()
    {
        using PeerProcess own = PeerProcess.Script("""
            os.setsid()
            say('ready')
            host, port = target()
            say(sum(attempt(host, port) == 'admitted' for _ in range(1000)))
            r, w = os.pipe()
            for _ in range(100):
                if not os.fork():
                    os.write(w, attempt(host, port)[:1].encode())
                    os._exit(0)
                os.wait()
            say(os.read(r, 1000).count(b'a'))
            # Whoever connects ends at once and leaves the connection to a child.
            for _ in range(100):
                if not os.fork():
                    s = make(host)
                    join(s, host, port)
                    if not os.fork(): os.write(w, use(s)[:1].encode())
                    os._exit(0)
                os.wait()
            say(sum(os.read(r, 1) == b'a' for _ in range(100)))
            """);
        Assert.Equal("ready", await own.HearAsync());
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid));
        Assert.Equal("1000", await own.TryAsync("127.0.0.1", tunnel.Port));
        Assert.Equal("100", await own.HearAsync());
        Assert.Equal("100", await own.HearAsync());
    }

    [Fact]
    public async Task Who_connects_with_a_socket_that_an_admitted_process_has_given_away_is_judged_by_itself()
    {
        using PeerProcess own = PeerProcess.Script("s = make('127.0.0.1')\nsend_socket(hear(), s)\ns.close()\nsay('given')\nhear()");
        using PeerProcess receiver = PeerProcess.Script("s = take_socket(hear(), lambda: say('listens'))\njoin(s, *target())\nsay(use(s))");
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events);
        await receiver.TellAsync(PassingPath);
        Assert.Equal("listens", await receiver.HearAsync());
        await own.TellAsync(PassingPath);
        Assert.Equal("given", await own.HearAsync());
        Assert.Equal("reset", await receiver.TryAsync("127.0.0.1", tunnel.Port));
        Assert.Equal(receiver.Pid, (await _events.NextAsync<ConnectionRefused>()).Peer!.Pid);
    }

    // Within one control group nothing tells the two apart, as the rule's documentation says.
    [Theory]
    [InlineData(true, "reset")]
    [InlineData(false, "admitted")]
    public async Task A_socket_that_a_stranger_hands_to_an_admitted_process_bears_the_mark_of_where_it_was_made(bool apart, string outcome)
    {
        if (TestControlGroup.Make() is not { } group)
            return;
        using PeerProcess own = PeerProcess.Script("s = take_socket(hear(), lambda: say('listens'))\nsay('holds')\nhear()");
        using PeerProcess stranger = PeerProcess.Script("hear()\ns = make('127.0.0.1')\nsend_socket(hear(), s)\njoin(s, *target())\nsay(use(s))\nhear()");
        using TestControlGroup disposed = group;
        if (apart)
            group.Take(stranger.Pid);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events);
        await own.TellAsync(PassingPath);
        Assert.Equal("listens", await own.HearAsync());
        await stranger.TellAsync("begin");
        await stranger.TellAsync(PassingPath);
        Assert.Equal("holds", await own.HearAsync());
        Assert.Equal(outcome, await stranger.TryAsync("127.0.0.1", tunnel.Port));
        if (apart)
        {
            Assert.EndsWith(
                string.Create(CultureInfo.InvariantCulture, $"; process {own.Pid} holds the socket, but it was made in another control group"),
                (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("s.close()\n", true)]
    [InlineData("pass\n", true)]
    [InlineData("pid = os.fork()\nif not pid: say(use(s))\n", false)]
    public async Task Who_is_gone_before_the_look_is_refused_unless_a_child_still_holds_the_connection(string then, bool gone)
    {
        // The one that connects is a child of the root; the root waits for it, so "exited" means that it is gone.
        using PeerProcess own = PeerProcess.Script(
            "os.setsid()\nsay('ready')\nto = target()\nif not os.fork():\n    s = make(to[0])\n    join(s, *to)\n"
            + string.Concat(then.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => "    " + line + "\n"))
            + "    os._exit(0)\nos.wait()\nsay('exited')\nhear()");
        Assert.Equal("ready", await own.HearAsync());
        TaskCompletionSource look = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Admission rule = Admission.Of(AdmissionRule.Tree(own.Pid));
        FakeAdmission late = new(async (request, cancellationToken) =>
        {
            await look.Task.WaitAsync(cancellationToken);
            return await rule.AdmitAsync(request, cancellationToken);
        });
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(late, _events);
        Assert.Equal("exited", await own.TryAsync("127.0.0.1", tunnel.Port));
        look.SetResult();
        if (gone)
        {
            ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
            Assert.Equal(
                string.Create(CultureInfo.InvariantCulture, $"the tunnel admits only process {own.Pid} and its descendants; the peer is gone or could not be determined"),
                refused.Refusal.Reason);
        }
        else
        {
            Assert.Equal("admitted", await own.HearAsync());
        }
    }

    [Fact]
    public async Task A_program_is_its_file_whatever_it_is_called()
    {
        string program = Copy("tool");
        File.CreateSymbolicLink(Path.Combine(_directory, "link"), program);
        using (PeerProcess hardLink = PeerProcess.Script("os.link(hear(), hear())\nsay('linked')"))
        {
            await hardLink.TellAsync(program);
            await hardLink.TellAsync(Path.Combine(_directory, "hard"));
            Assert.Equal("linked", await hardLink.HearAsync());
        }
        string copy = Copy("copy");
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync($"exe:{_directory}/link", _events);
        foreach ((string name, string outcome) in new[] { ("tool", "admitted"), ("hard", "admitted"), ("link", "admitted"), ("copy", "reset") })
        {
            using PeerProcess bash = PeerProcess.Bash(Path.Combine(_directory, name));
            Assert.Equal(outcome, await bash.TryAsync("127.0.0.1", tunnel.Port));
        }

        // A new file in the place is the program from then on.
        using PeerProcess old = PeerProcess.Bash(program);
        File.Move(copy, program, overwrite: true);
        using PeerProcess updated = PeerProcess.Bash(program);
        Assert.Equal("admitted", await updated.TryAsync("127.0.0.1", tunnel.Port));
        File.Delete(program);
        Assert.Equal("reset", await old.TryAsync("127.0.0.1", tunnel.Port));
    }

    [Fact]
    public async Task A_program_that_another_one_lends_its_connection_does_not_let_it_in()
    {
        using PeerProcess lender = PeerProcess.Script("""
            s = make('127.0.0.1')
            subprocess.Popen([hear(), '-c', 'read x'], stdin=subprocess.PIPE, pass_fds=[s.fileno()])
            join(s, *target())
            say(use(s))
            hear()
            """);
        string program = Copy("tool");
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync($"exe:{program}", _events);
        await lender.TellAsync(program);
        Assert.Equal("reset", await lender.TryAsync("127.0.0.1", tunnel.Port));
        Assert.Equal(
            string.Create(
                CultureInfo.InvariantCulture,
                $"the tunnel admits only program {program} run by the user of the tunnel; process {lender.Pid} holds the socket and runs {ProgramFile.PathOf(lender.Pid)}"),
            (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
    }

    [Fact]
    public async Task This_process_gets_into_what_is_its_own_and_its_children_do_not()
    {
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync("self", _events);
        using PeerProcess child = PeerProcess.Script(Attempt);
        Assert.Equal("reset", await child.TryAsync("127.0.0.1", tunnel.Port));
        Assert.Equal("the tunnel admits only the process of the tunnel", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
        using System.Net.Sockets.Socket own = await LocalListenerTests.ConnectAsync("127.0.0.1", tunnel.Port);
        Assert.Equal(Environment.ProcessId, (await _events.NextAsync<ConnectionOpened>()).Peer!.Pid);
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    public async Task Of_a_unix_socket_the_one_that_connected_counts()
    {
        using PeerProcess own = PeerProcess.Script("say(attempt(*target()))\ns = make('/')\njoin(s, *target())\nif not os.fork(): say(use(s))");
        using PeerProcess stranger = PeerProcess.Script(Attempt);
        using PeerProcess program = PeerProcess.Script(Attempt);
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(Tree(own.Pid), _events, SocketPath);
        Assert.Equal("reset", await stranger.TryAsync(SocketPath, 0));
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal(stranger.Pid, refused.Peer!.Pid);
        Assert.Contains("/python", refused.Peer.Executable, StringComparison.Ordinal);
        Assert.Equal("admitted", await own.TryAsync(SocketPath, 0));

        await using EchoTunnel ofProgram = await EchoTunnel.StartAsync($"exe:{ProgramFile.PathOf(program.Pid)} or self", path: SocketPath + "2");
        Assert.Equal("admitted", await program.TryAsync(SocketPath + "2", 0));

        TaskCompletionSource look = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Admission rule = Admission.Of(AdmissionRule.Tree(own.Pid));
        FakeAdmission late = new(async (request, cancellationToken) =>
        {
            await look.Task.WaitAsync(cancellationToken);
            return await rule.AdmitAsync(request, cancellationToken);
        });
        RecordedEvents events = new();
        await using EchoTunnel waiting = await EchoTunnel.StartAsync(late, events, SocketPath + "3");
        await own.TellAsync($"{SocketPath}3 0");
        await own.ExitAsync();
        look.SetResult();
        Assert.Equal("reset", await own.HearAsync());
        Assert.EndsWith("; the process that connected has ended", (await events.NextAsync<ConnectionRefused>()).Refusal.Reason, StringComparison.Ordinal);
    }

    private string Copy(string name)
    {
        string copy = Path.Combine(_directory, name);
        File.Copy("/bin/bash", copy);
        return copy;
    }

    private static string Tree(int pid) => string.Create(CultureInfo.InvariantCulture, $"pid:{pid}");
}
