using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Who may use a tunnel of the command, and who sees that.</summary>
public sealed class AdmissionTests(ITestOutputHelper output) : RunTest(output)
{
    [AditTheory]
    [InlineData("bash", "-c", "exec bash -c \"$0\"")]
    [InlineData("sh", "-c", "bash -c \"$0\"; true")]
    [InlineData("sh", "-c", "sh -c 'bash -c \"$0\" & wait' \"$0\"; true")]
    [Trait("Surface", "S0-7")]
    public async Task A_command_and_its_descendants_use_their_tunnel(params string[] command)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await RunAsync(files, echo.Port, [.. command, Talk("{port}")]);

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("through\n", adit.Output.Text);
    }

    [AditFact]
    [Trait("Surface", "S0-7")]
    [Trait("Surface", "S0-8")]
    [Trait("Surface", "S0-10")]
    [Trait("Surface", "S0-11")]
    public async Task Another_process_of_the_same_user_is_turned_away_from_a_run_and_told_of()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var held = await HoldAsync(files, echo.Port);

        Assert.True(await IsTurnedAwayAsync(held.Port));

        await held.Adit.ErrorAsync($"refused: uid [0-9]+, pid {Environment.ProcessId}, /[^;]+; the tunnel admits only process [0-9]+ and its descendants");
        Assert.Empty(echo.Accepted);
        held.Adit.Input.Close();
        Assert.Equal(0, await held.Adit.ExitAsync());
    }

    [AditFact]
    [Trait("Surface", "S0-7")]
    public async Task A_stranger_that_ends_as_soon_as_it_has_connected_is_turned_away_too()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var held = await HoldAsync(files, echo.Port);

        for (var i = 0; i < 5; i++)
            await ChildProcess.RunAsync(new("bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{held.Port}; echo x >&3; true")); // it may be reset before it has written

        await UntilToldAsync(held.Adit, 5);
        Assert.Empty(echo.Accepted);
    }

    [RootFact]
    [Trait("Surface", "S0-8")]
    [Trait("Surface", "S0-10")]
    public async Task Another_user_is_turned_away_and_told_of_by_number_process_and_program()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        var stranger = await StrangerAsync(tunnel.Port);

        await tunnel.Adit.ErrorAsync($"refused: uid {OtherUser}, pid {stranger.Pid}, [^;]*bash; the tunnel admits only the user who runs the tunnel");
        Assert.Equal(0, await stranger.ExitAsync());
        Assert.Empty(stranger.Output.Text);
        Assert.Empty(echo.Accepted);
    }

    [RootFact]
    [Trait("Surface", "S0-8")]
    public async Task A_written_rule_admits_another_user_and_keeps_out_its_own()
    {
        var sshd = await StartSshdAsync();
        await using var banner = TcpService.Banner("welcome\n");
        using var files = await SshClientFiles.CreateAsync(sshd, string.Create(CultureInfo.InvariantCulture, $"AditAdmit user:{OtherUser}"));
        var tunnel = await OpenTunnelAsync(files, banner.Port);

        Assert.True(await IsTurnedAwayAsync(tunnel.Port));
        var stranger = await StrangerAsync(tunnel.Port);

        Assert.Equal(0, await stranger.ExitAsync());
        Assert.Equal("welcome\n", stranger.Output.Text);
    }

    [AditFact]
    [Trait("Surface", "S0-7")]
    public async Task A_written_rule_holds_for_a_listener_that_other_machines_reach()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        await using var owner = await ChildProcess.StartAsync(new("sleep", "1000"));
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"*:{port}:127.0.0.1:{echo.Port}", "--admit", $"pid:{owner.Pid}", SshClientFiles.Alias);
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.True(await IsTurnedAwayAsync(port));

        await adit.ErrorAsync($"can be reached from other machines, which have to fit pid:{owner.Pid}");
        Assert.Empty(echo.Accepted);
    }

    [AditFact]
    [Trait("Surface", "S0-7")]
    [Trait("Surface", "S0-11")]
    public async Task What_is_listed_says_the_rule_and_counts_whom_it_turned_away_and_opens_nothing_for_them()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("list");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = folder };
        var adit = await StartAditAsync(new ChildProcessStart("", RunArguments(files, echo.Port, "sh", "-c", "echo port=$ADIT_PORT; exec cat")) { Environment = environment });
        var port = int.Parse((await adit.OutputAsync("port=([0-9]+)\n")).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(await IsTurnedAwayAsync(port));
        Assert.True(await IsTurnedAwayAsync(port));
        await UntilToldAsync(adit, 2);

        var listed = await StartAditAsync(new ChildProcessStart("", "ls", "--json") { Environment = environment });
        Assert.Equal(0, await listed.ExitAsync());
        using var list = JsonDocument.Parse(listed.Output.Text);
        var forward = Assert.Single(Assert.Single(list.RootElement.EnumerateArray()).GetProperty("forwards").EnumerateArray());
        Assert.Matches("^pid:[0-9]+$", forward.GetProperty("admits").GetString());
        Assert.Equal((2, false), (forward.GetProperty("refused").GetInt32(), forward.GetProperty("exposed").GetBoolean()));

        var added = await StartAditAsync(new ChildProcessStart("", "add", SshClientFiles.Alias, "-L", $"0:127.0.0.1:{echo.Port}") { Environment = environment });
        Assert.NotEqual(0, await added.ExitAsync());
        var around = await StartSshAsync("-F", "none", "-S", Path.Combine(folder, "adit", $"{adit.Pid}.sock"), "-W", Target(echo.Port), SshClientFiles.Alias);
        around.Input.Close();
        Assert.NotEqual(0, await around.ExitAsync());
        Assert.Empty(echo.Accepted);
        RunFolder.Remove(folder);
    }

    [AditFact]
    [Trait("Surface", "S0-7")]
    public async Task Forwards_with_a_rule_are_not_left_to_a_shared_connection_that_knows_another()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        await using var owner = await ChildProcess.StartAsync(new("sleep", "1000"));
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("shared");
        var socket = Path.Combine(folder, "s");
        var master = await StartAditAsync("-F", files.ConfigPath, "-N", "-M", "-S", socket, SshClientFiles.Alias);
        await Patience.UntilAsync(() => File.Exists(socket) || master.HasExited, "the master should share its connection", () => master.Log);

        var tunnel = await OpenTunnelAsync(files, echo.Port, "-S", socket, "--admit", $"pid:{owner.Pid}");

        Assert.Equal(tunnel.Adit.Pid, LoopbackPort.Listener(tunnel.Port).Pid);
        Assert.True(await IsTurnedAwayAsync(tunnel.Port));
        Assert.Contains("would not hold for forwards there", tunnel.Adit.Error.Text, StringComparison.Ordinal);
        Assert.Empty(echo.Accepted);
        RunFolder.Remove(folder);
    }

    [AditFact]
    [Trait("Surface", "S0-9")]
    public async Task One_connection_more_than_AditMaxConnections_is_turned_away_and_the_others_go_on()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port, "--max-connections", "2");
        using var first = await OpenAsync(tunnel.Port);
        using var second = await OpenAsync(tunnel.Port);

        Assert.True(await IsTurnedAwayAsync(tunnel.Port));

        await tunnel.Adit.ErrorAsync("the tunnel carries 2 connections, which is its limit");
        await EchoAsync(first);
        await EchoAsync(second);
    }

    [AditFact]
    public async Task A_process_that_does_not_exist_is_no_rule_and_where_it_was_written_is_said()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "AditAdmit pid:4194303");

        var adit = await FailToOpenAsync(files);

        Assert.Contains($"{files.ConfigPath}:2: AditAdmit: pid:4194303: there is no such process", adit.Error.Text, StringComparison.Ordinal);
    }

    private static Task UntilToldAsync(ChildProcess adit, int refusals) =>
        Patience.UntilAsync(() => adit.Error.Count("refused: ") >= refusals, $"{refusals} refusals should be told of", () => adit.Log);

    private static async Task<Socket> OpenAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await EchoAsync(socket);
        return socket;
    }

    private static async Task EchoAsync(Socket socket)
    {
        await socket.SendAsync("e"u8.ToArray());
        var back = new byte[1];
        Assert.Equal(1, await socket.ReceiveAsync(back).WithinAsync("what was sent should come back"));
        Assert.Equal((byte)'e', back[0]);
    }

    private async Task<ChildProcess> StrangerAsync(int port) => Own(await ChildProcess.StartAsync(
        new("bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3 2>/dev/null; exit 0")
        {
            Privileges = ["--reuid", OtherUser.ToString(CultureInfo.InvariantCulture), "--regid", OtherUser.ToString(CultureInfo.InvariantCulture), "--clear-groups"],
        }));
}
