using System.Collections.Concurrent;
using System.Globalization;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Mux;

/// <summary>Our master, with ssh as its client.</summary>
public sealed class MasterTests(ITestOutputHelper output) : EngineTest(output)
{
    private const int ConnectionFailed = 255;

    private readonly string _folder = RunFolder.Create("mux");
    private readonly LocalTarget _target = new();
    private readonly ConcurrentQueue<string> _log = new();

    private string ControlPath => Path.Combine(_folder, "control");

    [Fact]
    public async Task Check_names_our_process()
    {
        StartMaster();
        ChildProcess ssh = await ControlAsync("check");
        Assert.Contains($"Master running (pid={Environment.ProcessId})", ssh.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-L", "5432:db:5433")]
    [InlineData("-L", "*:5432:db:5433")]
    [InlineData("-L", "127.0.0.1:5432:db:5433")]
    [InlineData("-L", "/tmp/a:/tmp/b")]
    [InlineData("-L", "/tmp/a:db:5433")]
    [InlineData("-L", "5432:/tmp/b")]
    [InlineData("-R", "8080:localhost:80")]
    [InlineData("-R", "[::1]:8080:localhost:80")]
    [InlineData("-R", "1080")]
    [InlineData("-D", "1080")]
    [InlineData("-D", "localhost:1080")]
    public async Task Forwards_arrive_as_they_were_written_and_are_cancelled_by_the_same_words(string option, string text)
    {
        StartMaster();
        MuxForward expected = option switch
        {
            "-L" => new(ForwardKind.Local, ForwardSpec.ParseLocal(text)),
            "-R" => new(ForwardKind.Remote, ForwardSpec.ParseRemote(text)),
            _ => new(ForwardKind.Dynamic, ForwardSpec.ParseDynamic(text)),
        };
        await ControlAsync("forward", option, text);
        await ControlAsync("cancel", option, text);
        Assert.Equal(expected, Assert.Single(_target.Opened));
        Assert.Equal(expected, Assert.Single(_target.Closed));
    }

    [Fact]
    [Trait("Surface", "S2-13")]
    public async Task The_port_that_was_chosen_goes_to_standard_output()
    {
        StartMaster();
        ChildProcess ssh = await ControlAsync("forward", "-R", "0:localhost:80");
        Assert.Equal($"{LocalTarget.ChosenPort.ToString(CultureInfo.InvariantCulture)}\n", ssh.Output.Text);
    }

    [Fact]
    public async Task A_forward_that_fails_is_told_with_our_reason()
    {
        StartMaster();
        _target.ForwardFailure = "another program listens there";
        ChildProcess ssh = await StartSshAsync(Arguments("-O", "forward", "-L", "5432:db:5433"));
        Assert.Equal(ConnectionFailed, await ssh.ExitAsync());
        Assert.Contains("another program listens there", ssh.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_removes_the_socket()
    {
        MuxMaster master = StartMaster();
        Assert.Contains("Stop listening request sent", (await ControlAsync("stop")).Error.Text, StringComparison.Ordinal);
        await master.ListeningEnded.WithinAsync("the master should listen no more");
        Assert.False(File.Exists(ControlPath));
    }

    [Fact]
    public async Task Exit_is_passed_on()
    {
        StartMaster();
        Assert.Contains("Exit request sent", (await ControlAsync("exit")).Error.Text, StringComparison.Ordinal);
        await _target.Terminated.Task.WithinAsync("the target should hear of it");
    }

    [Fact]
    public async Task A_command_has_the_clients_streams_and_its_status_comes_back()
    {
        StartMaster();
        ChildProcess ssh = await StartSshAsync(Session("read line; echo \"got $line\"; echo oops >&2; exit 7"));
        await ssh.Input.WriteAsync("something\n");
        await ssh.Input.FlushAsync();
        Assert.Equal(7, await ssh.ExitAsync());
        Assert.Equal("got something\n", ssh.Output.Text);
        Assert.Equal("oops\n", ssh.Error.Text);
    }

    [Fact]
    public async Task Much_data_passes_both_ways_and_the_end_of_input_with_it()
    {
        StartMaster();
        byte[] sent = TestBytes.Of(5_000_011);
        ChildProcess ssh = Own(await ChildProcess.StartAsync(new("ssh", Session("cat")) { RawOutput = true }));
        Task writing = FeedAsync(ssh.Input.BaseStream, sent);
        using var received = new MemoryStream();
        await ssh.RawOutput.CopyToAsync(received).WithinAsync("the data should come back", () => ssh.Log);
        await writing;
        Assert.Equal(0, await ssh.ExitAsync());
        Assert.Equal(sent, received.ToArray());

        static async Task FeedAsync(Stream input, byte[] bytes)
        {
            await input.WriteAsync(bytes);
            input.Close();
        }
    }

    [Fact]
    public async Task What_a_session_is_to_be_arrives()
    {
        StartMaster();
        ChildProcess ssh = Own(await ChildProcess.StartAsync(new("ssh", Session("true", "-tt", "-e", "^X", "-A", "-o", "SetEnv=\"ADIT_TEST=ä b\""))
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TERM"] = "adit-term" },
        }));
        await ssh.ExitAsync();
        ChildProcess subsystem = await StartSshAsync(Session("true", "-s"));
        Assert.Equal(0, await subsystem.ExitAsync());

        Assert.Equal(2, _target.Sessions.Count);
        MuxSessionRequest first = _target.Sessions.First();
        Assert.Equal(["ADIT_TEST=ä b"], first.Environment);
        Assert.Equal(
            new MuxSessionRequest { WantsTerminal = true, WantsAgent = true, EscapeChar = (char)24, Terminal = "adit-term", Command = "true", Environment = first.Environment },
            first);
        MuxSessionRequest second = _target.Sessions.Last();
        Assert.True(second is { IsSubsystem: true, WantsTerminal: false, EscapeChar: '~', Command: "true" }, second.ToString());
    }

    [Fact]
    public async Task A_client_that_is_killed_ends_its_session()
    {
        StartMaster();
        ChildProcess ssh = await StartSshAsync(Session("echo here; exec sleep 1000"));
        await ssh.OutputAsync("here");
        ssh.Kill();
        await _target.SessionEnded.Task.WithinAsync("the session should end", () => ssh.Log);
    }

    [Fact]
    public async Task The_end_of_the_master_ends_its_clients()
    {
        MuxMaster master = StartMaster();
        ChildProcess ssh = await StartSshAsync(Session("echo here; exec sleep 1000"));
        await ssh.OutputAsync("here");
        await master.DisposeAsync().AsTask().WithinAsync("the master should end");
        Assert.Equal(ConnectionFailed, await ssh.ExitAsync());
        Assert.False(File.Exists(ControlPath));
    }

    // Not with a socket: ssh 9.2 asks a master for a shell then.
    [Fact]
    public async Task W_connects_with_a_port()
    {
        StartMaster();
        await using TcpService echo = TcpService.Echo();
        ChildProcess ssh = await StartSshAsync(Arguments("-W", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{echo.Port}")));
        await ssh.Input.WriteAsync("there and back");
        ssh.Input.Close();
        Assert.Equal(0, await ssh.ExitAsync());
        Assert.Equal("there and back", ssh.Output.Text);
    }

    [Fact]
    public async Task W_to_where_nobody_listens_fails_with_our_reason()
    {
        StartMaster();
        ChildProcess ssh = await StartSshAsync(Arguments("-W", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Free()}")));
        Assert.Equal(ConnectionFailed, await ssh.ExitAsync());
        Assert.Contains("connection refused", ssh.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_clients_are_served_at_once()
    {
        StartMaster();
        ChildProcess[] clients = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => StartSshAsync(Session($"read go; exit {i}"))));
        foreach (ChildProcess client in clients)
            client.Input.Close();
        for (int i = 0; i < clients.Length; i++)
            Assert.Equal(i, await clients[i].ExitAsync());
    }

    private string[] Arguments(params string[] options) => ["-F", "/dev/null", "-S", ControlPath, .. options, "peer"];

    private string[] Session(string command, params string[] options) => [.. Arguments(options), command];

    private async Task<ChildProcess> ControlAsync(string command, params string[] arguments)
    {
        ChildProcess ssh = await StartSshAsync(Arguments(["-O", command, .. arguments]));
        Assert.Equal(0, await ssh.ExitAsync());
        Assert.DoesNotContain("failed", ssh.Error.Text, StringComparison.Ordinal);
        return ssh;
    }

    private MuxMaster StartMaster() => Own(MuxMaster.Listen(ControlPath, _target, new() { Log = _log.Enqueue }), () => string.Join('\n', _log));
}
