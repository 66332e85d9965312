using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>How masters begin, whom they serve, and when they end: ControlMaster and ControlPersist.</summary>
public sealed class SharingLifetimeTests(ITestOutputHelper output) : SharingTest(output)
{
    private static readonly string[] Automatic = ["-o", "ControlMaster=auto", "-o", "ControlPersist=2"];

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_master_of_its_own_outlives_the_first_client_and_ends_two_seconds_after_the_last(string program)
    {
        await ServeAsync();
        var first = await RunAsync(program, Automatic, "echo first; exit 3");
        Assert.Equal((3, "first\n"), (await first.ExitAsync(), first.Output.Text));
        await using var master = await MasterAsync();

        var watch = Stopwatch.StartNew();
        var second = await StartAsync(program, Automatic, "echo second; sleep 3; exit 4");
        await second.OutputAsync("second");
        second.Input.Close();
        Assert.Equal(4, await second.ExitAsync());
        Assert.False(master.HasExited, "the master ended while a client was there");
        watch.Restart();

        await master.UntilExitAsync();
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(20));
        Assert.False(File.Exists(ControlPath));
        await Sshd.UntilNoConnectionAsync();
        Assert.Equal(1, Sshd.Messages.Count("Accepted publickey"));
    }

    [Fact]
    public async Task A_client_that_only_forwards_keeps_the_master_up()
    {
        await ServeAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        await RunAsync(Adit, Automatic, "true");
        await using var master = await MasterAsync();
        var client = await StartAsync(Adit, ["-N", "-L", Spec(port, echo.Port)]);
        await LoopbackPort.UntilListeningAsync(port, client);

        // Longer than ControlPersist allows for.
        await Task.Delay(TimeSpan.FromSeconds(4.5));
        Assert.False(master.HasExited, client.Log);
        await Bulk.EchoAsync(port);

        client.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        await client.ExitAsync();
        await master.UntilExitAsync();
    }

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_master_with_a_session_stays_until_its_clients_are_done(string client)
    {
        await ServeAsync();
        var master = await StartAsync(Adit, ["-M"], "echo started; read line; exit 5");
        await master.OutputAsync("started");
        var running = await StartAsync(client, [], "echo running; read line; echo \"got $line\"; exit 6");
        await running.OutputAsync("running");

        await master.Input.WriteAsync("end\n");
        await master.Input.FlushAsync();
        await Sshd.LoggedAsync("session_exit_message");
        Assert.False(master.HasExited, master.Log);
        await running.Input.WriteAsync("still\n");
        await running.Input.FlushAsync();

        Assert.Equal(6, await running.ExitAsync());
        Assert.Equal("running\ngot still\n", running.Output.Text);
        Assert.Equal(5, await master.ExitAsync());
    }

    [Theory]
    [InlineData(Adit, "#!/bin/sh\necho yes", true)]
    [InlineData(Ssh, "#!/bin/sh\necho yes", true)]
    [InlineData(Adit, "#!/bin/sh\n[ \"$SSH_ASKPASS_PROMPT\" = confirm ]", true)]
    [InlineData(Adit, "#!/bin/sh\necho no", false)]
    [InlineData(Ssh, "#!/bin/sh\nexit 1", false)]
    public async Task A_master_that_asks_serves_those_who_are_let(string client, string program, bool isLet)
    {
        await ServeAsync();
        var askpass = await ScriptAsync(program);
        File.SetUnixFileMode(askpass, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SSH_ASKPASS"] = askpass, ["SSH_ASKPASS_REQUIRE"] = "force" };
        var master = await StartWithAsync(Adit, environment, ["-N", "-o", "ControlMaster=ask"]);
        await Patience.UntilAsync(() => master.HasExited || File.Exists(ControlPath), "the master should listen", () => master.Log);

        // No other connection in its place: the host's key is known to nobody now.
        File.Delete(Files.KnownHostsPath);
        var command = await RunAsync(client, ["-o", "StrictHostKeyChecking=yes"], "echo served");

        Assert.Equal((isLet ? 0 : ConnectionFailed, isLet ? "served\n" : ""), (await command.ExitAsync(), command.Output.Text));
        var check = await RunAsync(client, ["-O", "check"]);
        Assert.Equal(0, await check.ExitAsync());
    }

    [Fact]
    public async Task A_dead_socket_is_replaced()
    {
        var first = await StartMasterAsync(Adit);
        first.Kill();
        await first.ExitAsync();
        Assert.True(File.Exists(ControlPath));

        var second = await StartAsync(Adit, ["-M", "-N"]);

        await Patience.UntilAsync(() => second.HasExited || IsAnswered(), "the second master should listen", () => second.Log);
        Assert.Equal(second.Pid, await MasterPidAsync(Ssh));
    }

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_live_socket_is_never_replaced(string master)
    {
        var first = await StartMasterAsync(master);

        var second = await StartAsync(Adit, ["-M"], "echo alone; exit 2");
        second.Input.Close();

        Assert.Equal((2, "alone\n"), (await second.ExitAsync(), second.Output.Text));
        Assert.Contains("not shared", second.Error.Text, StringComparison.Ordinal);
        Assert.Equal(first.Pid, await MasterPidAsync(Adit));
        Assert.Equal(2, Sshd.Messages.Count("Accepted publickey"));
    }

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_client_goes_to_the_background_once_its_forward_is_there(string master)
    {
        var process = await StartMasterAsync(master);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        var client = await RunAsync(Adit, ["-f", "-N", "-L", Spec(port, echo.Port)]);

        Assert.True(await client.ExitAsync() == 0, client.Log);
        await using var left = new Background(client);
        await Bulk.EchoAsync(port);
        Assert.Equal(1, Sshd.Connections);
        left.Terminate();
        await left.UntilExitAsync();
        await LoopbackPort.UntilClosedAsync(port, () => process.Log);
        Assert.False(process.HasExited);
    }

    [Fact]
    [Trait("Surface", "S1-4")]
    public async Task A_command_in_the_background_holds_its_forward_until_the_last_connection_is_closed()
    {
        await ServeAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        var client = await StartAsync(Adit, ["-f", "-L", Spec(port, echo.Port)], "sleep 3");
        client.Input.Close();
        Assert.True(await client.ExitAsync() == 0, client.Log);
        await using var left = new Background(client);
        using (var connection = new TcpClient())
        {
            await connection.ConnectAsync(IPAddress.Loopback, port);
            await echo.FirstConnection.WithinAsync("the target should be reached", () => client.Log);
            await Sshd.LoggedAsync("session_exit_message");
            await connection.GetStream().WriteAsync("x"u8.ToArray());
            Assert.Equal(1, await connection.GetStream().ReadAsync(new byte[1]).AsTask().WithinAsync("the connection should go on", () => client.Log));
            Assert.False(left.HasExited);
        }

        await left.UntilExitAsync();
        Assert.False(LoopbackPort.IsListening(port));
        await Sshd.UntilNoConnectionAsync();
    }

    [Theory]
    [InlineData("sftp")]
    [InlineData("scp")]
    [Trait("Surface", "S2-5")]
    public async Task Files_are_copied_by_way_of_adit(string program)
    {
        await ServeAsync(new() { Config = ["Subsystem sftp internal-sftp"] });
        var folder = RunFolder.Create("copies");
        string from = Path.Combine(folder, "from"), there = Path.Combine(folder, "there"), back = Path.Combine(folder, "back");
        await File.WriteAllBytesAsync(from, TestBytes.Of(5_000_000));
        var adit = await AditProcess.BuiltAsync();

        if (program is "sftp")
        {
            await ChildProcess.RunAsync(new("sftp", "-S", adit, "-F", Files.ConfigPath, "-b", "-", SshClientFiles.Alias), $"put {from} {there}\nget {there} {back}\nbye\n");
        }
        else
        {
            await ChildProcess.RunAsync(new("scp", "-S", adit, "-F", Files.ConfigPath, from, $"{SshClientFiles.Alias}:{there}"));
            await ChildProcess.RunAsync(new("scp", "-O", "-S", adit, "-F", Files.ConfigPath, $"{SshClientFiles.Alias}:{there}", back));
        }

        Assert.Equal(await File.ReadAllBytesAsync(from), await File.ReadAllBytesAsync(back));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Surface", "S2-5")]
    public async Task Files_are_copied_over_a_master(string master, string client)
    {
        await ServeAsync(new() { Config = ["Subsystem sftp internal-sftp"] });
        await StartMasterAsync(master);
        var folder = RunFolder.Create("copies");
        string from = Path.Combine(folder, "from"), there = Path.Combine(folder, "there");
        await File.WriteAllBytesAsync(from, TestBytes.Of(5_000_000));

        await ChildProcess.RunAsync(
            new("sftp", "-S", await PathAsync(client), "-F", Files.ConfigPath, "-o", $"ControlPath={ControlPath}", "-b", "-", SshClientFiles.Alias), $"put {from} {there}\nbye\n");

        Assert.Equal(await File.ReadAllBytesAsync(from), await File.ReadAllBytesAsync(there));
        Assert.Equal(1, Sshd.Messages.Count("Accepted publickey"));
    }

    private bool IsAnswered()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(ControlPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<Background> MasterAsync() => new(await MasterPidAsync(Ssh));

    /// <summary>A process that left its starter, and so would outlive the test.</summary>
    private sealed class Background : IAsyncDisposable
    {
        private const int Termination = 15;

        private readonly ProcessEntry _entry;

        public Background(int pid) => _entry = ProcessTree.Find(pid) ?? throw new Xunit.Sdk.XunitException($"process {pid} is gone");

        /// <summary>The one that a starter named as it ended.</summary>
        public Background(ChildProcess starter)
            : this(int.Parse(starter.Error.Text.Split(" as process ")[1].Split('\n')[0], System.Globalization.CultureInfo.InvariantCulture))
        {
        }

        public bool HasExited => !ProcessTree.IsAlive(_entry);

        public void Terminate() => _ = ProcessTree.SendSignal(_entry.Pid, Termination);

        public Task UntilExitAsync() => Patience.UntilAsync(() => HasExited, $"{_entry.Command}, process {_entry.Pid}, should end");

        public async ValueTask DisposeAsync()
        {
            ProcessTree.KillIfAlive(_entry);
            await UntilExitAsync();
        }
    }
}
