using System.Globalization;
using System.IO.Pipes;
using Adit.Interop.Tests.Peers;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Relay;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Mux;

/// <summary>Our client, with ssh as its master on a connection to sshd.</summary>
public sealed class ClientTests(ITestOutputHelper output) : PeerTest(output)
{
    private readonly string _folder = RunFolder.Create("mux");

    private string ControlPath => Path.Combine(_folder, "control");

    [Fact]
    public async Task Check_names_the_process_of_ssh()
    {
        await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        int pid = await client.CheckAsync(default).WithinAsync("ssh should answer");
        Assert.Equal("ssh", Peers.ProcessTree.Find(pid)?.Command);
        Assert.False(client.HasInfo);
        MuxException e = await Assert.ThrowsAsync<MuxException>(() => client.DescribeConnectionAsync(default));
        Assert.Contains("cannot tell", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_forward_comes_and_goes()
    {
        ChildProcess master = await StartMasterAsync();
        await using TcpService echo = TcpService.Echo();
        int port = LoopbackPort.Free();
        MuxForward forward = new(ForwardKind.Local, ForwardSpec.ParseLocal(Spec(port, echo.Port)));
        using MuxClient client = await ConnectAsync();
        Assert.Null(await client.ForwardAsync(forward, default).WithinAsync("ssh should answer"));
        await Bulk.EchoAsync(port);
        await client.CancelForwardAsync(forward, default).WithinAsync("ssh should answer");
        await LoopbackPort.UntilClosedAsync(port, () => master.Log);
    }

    [Fact]
    [Trait("Surface", "S2-13")]
    public async Task A_remote_forward_of_any_port_tells_which_one_it_got_and_goes_by_the_words_it_came_with()
    {
        ChildProcess master = await StartMasterAsync();
        await using TcpService echo = TcpService.Echo();
        MuxForward forward = new(ForwardKind.Remote, ForwardSpec.ParseRemote(Spec(0, echo.Port)));
        using MuxClient client = await ConnectAsync();
        int? port = await client.ForwardAsync(forward, default).WithinAsync("ssh should answer");
        await Bulk.EchoAsync(Assert.NotNull(port));
        await client.CancelForwardAsync(forward, default).WithinAsync("ssh should answer");
        await LoopbackPort.UntilClosedAsync(port.Value, () => master.Log);
    }

    [Theory]
    [InlineData("-L")]
    [InlineData("-R")]
    [InlineData("-D")]
    public async Task A_forward_that_ssh_was_started_with_is_cancelled_by_the_same_words(string option)
    {
        int port = LoopbackPort.Free();
        string text = option is "-D" ? port.ToString(CultureInfo.InvariantCulture) : Spec(port, 9);
        ChildProcess master = await StartMasterAsync(option, text);
        MuxForward forward = option switch
        {
            "-L" => new(ForwardKind.Local, ForwardSpec.ParseLocal(text)),
            "-R" => new(ForwardKind.Remote, ForwardSpec.ParseRemote(text)),
            _ => new(ForwardKind.Dynamic, ForwardSpec.ParseDynamic(text)),
        };
        await LoopbackPort.UntilListeningAsync(port, master);
        using MuxClient client = await ConnectAsync();
        await client.CancelForwardAsync(forward, default).WithinAsync("ssh should answer");
        await LoopbackPort.UntilClosedAsync(port, () => master.Log);
    }

    [Fact]
    public async Task A_forward_that_ssh_does_not_know_is_told()
    {
        await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        MuxException e = await Assert.ThrowsAsync<MuxException>(
            () => client.CancelForwardAsync(new(ForwardKind.Local, ForwardSpec.ParseLocal("5432:db:5432")), default).WithinAsync("ssh should answer"));
        Assert.Contains("could not cancel -L localhost:5432:db:5432: port not forwarded", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_has_our_streams_and_its_status_comes_back()
    {
        await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var answers = new AnonymousPipeServerStream(PipeDirection.In);
        using var error = new AnonymousPipeServerStream(PipeDirection.In);
        var opened = new TaskCompletionSource();
        Task<int?> session = client.RunSessionAsync(
            new() { Command = "read line; echo \"got $line\"; echo oops >&2; exit 7" },
            input.ClientSafePipeHandle, answers.ClientSafePipeHandle, error.ClientSafePipeHandle, opened.SetResult);
        await opened.Task.WithinAsync("the session should open");
        input.Write("something\n"u8);
        Assert.Equal(7, await session.WithinAsync("the session should end"));
        answers.DisposeLocalCopyOfClientHandle();
        error.DisposeLocalCopyOfClientHandle();
        Assert.Equal("got something\n", await ReadAsync(answers));
        // Behind what sshd says there at its log level.
        Assert.EndsWith("oops\n", await ReadAsync(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_whose_master_is_killed_has_no_status()
    {
        ChildProcess master = await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var answers = new AnonymousPipeServerStream(PipeDirection.In);
        var opened = new TaskCompletionSource();
        Task<int?> session = client.RunSessionAsync(
            new() { Command = "sleep 1000" }, input.ClientSafePipeHandle, answers.ClientSafePipeHandle, answers.ClientSafePipeHandle, opened.SetResult);
        await opened.Task.WithinAsync("the session should open");
        master.Kill();
        await master.ExitAsync();
        Assert.Null(await session.WithinAsync("the session should end"));
        Assert.Equal(ControlSocketState.Dead, ControlSocketFile.Look(ControlPath));
        MuxException e = await Assert.ThrowsAsync<MuxException>(ConnectAsync);
        Assert.Contains("left behind", e.Message, StringComparison.Ordinal);
        using ControlSocketFile replaced = ControlSocketFile.Listen(ControlPath);
    }

    [Fact]
    public async Task A_stdio_forward_carries_both_directions()
    {
        await StartMasterAsync();
        await using TcpService echo = TcpService.Echo();
        using MuxClient client = await ConnectAsync();
        using var input = new AnonymousPipeServerStream(PipeDirection.Out);
        using var answers = new AnonymousPipeServerStream(PipeDirection.In);
        Task forward = client.ForwardStdioAsync(Endpoint.Tcp("127.0.0.1", echo.Port), input.ClientSafePipeHandle, answers.ClientSafePipeHandle, default);
        input.Write("there and back"u8);
        await echo.FirstConnection.WithinAsync("the target should be reached");
        input.DisposeLocalCopyOfClientHandle();
        input.Dispose();
        await forward.WithinAsync("the forward should end");
        answers.DisposeLocalCopyOfClientHandle();
        Assert.Equal("there and back", await ReadAsync(answers));
    }

    [Fact]
    public async Task A_live_master_of_ssh_is_not_replaced()
    {
        await StartMasterAsync();
        Assert.Equal(ControlSocketState.Live, ControlSocketFile.Look(ControlPath));
        Assert.Throws<MuxException>(() => ControlSocketFile.Listen(ControlPath));
        using MuxClient client = await ConnectAsync();
        await client.CheckAsync(default).WithinAsync("ssh should answer");
    }

    [Fact]
    public async Task Stop_makes_ssh_remove_its_socket()
    {
        await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        await client.StopListeningAsync(default).WithinAsync("ssh should answer");
        await client.CheckAsync(default).WithinAsync("ssh should answer");
        Assert.Equal(ControlSocketState.Absent, ControlSocketFile.Look(ControlPath));
    }

    [Fact]
    public async Task Exit_ends_ssh()
    {
        ChildProcess master = await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        await client.ExitAsync(default).WithinAsync("ssh should answer");
        await master.ExitAsync();
    }

    [Fact]
    public async Task The_connection_itself_speaks_SSH()
    {
        await StartMasterAsync();
        using MuxClient client = await ConnectAsync();
        await using Duplex proxy = await client.OpenProxyAsync(default).WithinAsync("ssh should answer");

        // CHANNEL_OPEN of a session, RFC 4254 section 5.1, as channel 7 of ours.
        await proxy.WriteAsync(Convert.FromHexString("00000019" + "00" + "5a" + "00000007" + "73657373696f6e" + "00000007" + "00010000" + "00008000"), default);
        ReadOnlyMemory<byte> answer = await proxy.ReadAsync(default).AsTask().WithinAsync("sshd should answer");
        Assert.Equal("00" + "5b" + "00000007", Convert.ToHexStringLower(answer.Span[4..10]));
    }

    private static string Spec(int port, int target) => string.Create(CultureInfo.InvariantCulture, $"{port}:127.0.0.1:{target}");

    private static async Task<string> ReadAsync(Stream pipe)
    {
        using var reader = new StreamReader(pipe);
        return await reader.ReadToEndAsync().WithinAsync("the pipe should end");
    }

    private Task<MuxClient> ConnectAsync() => MuxClient.ConnectAsync(ControlPath, default).WithinAsync("ssh should greet");

    private async Task<ChildProcess> StartMasterAsync(params string[] options)
    {
        SshdPeer sshd = await StartSshdAsync();
        SshClientFiles files = await SshClientFiles.CreateAsync(sshd);
        ChildProcess master = await StartSshAsync(["-F", files.ConfigPath, "-M", "-N", "-S", ControlPath, .. options, SshClientFiles.Alias]);
        await Patience.UntilAsync(() => master.HasExited || File.Exists(ControlPath), "ssh should listen", () => master.Log);
        Assert.True(File.Exists(ControlPath), master.Log);
        return master;
    }
}
