using System.Diagnostics;
using System.Globalization;
using Adit.Gateway.Audit;
using Adit.Gateway.Serving;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Session channels: refused, but for the commands of AditPermitExec. What the client gets is told by ssh.</summary>
public class SessionTests
{
    [Theory]
    [InlineData("")]
    [InlineData("AditPermitExec no")]
    [InlineData("AditPermitExec yes\nMaxSessions 0")]
    public async Task A_session_is_refused_with_code_1_and_a_hint_while_tunnels_go_on(string config)
    {
        await using TestGateway gateway = new(config);
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenAsync("session", []).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.Contains("use ssh -N", e.Message, StringComparison.Ordinal);
        Assert.Equal("a session", (await gateway.Events.Heard(GatewayEventKind.RequestRefused)).Target);
        Assert.Equal([1], await (await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime()).ExchangeAsync([1]));
    }

    [Fact]
    public async Task No_more_sessions_are_none()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel before = await client.OpenAsync("session", []).AsTask().TestTime();
        Assert.NotNull(await client.RequestAsync(SessionChannels.NoMoreRequest, []).AsTask().TestTime());
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenAsync("session", []).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        before.Notify("exec", Text("echo still"));
        Assert.Equal("still\n"u8.ToArray(), await before.ReadAllAsync());
    }

    [Fact]
    public async Task MaxSessions_refuses_with_code_4_and_counts_those_that_run()
    {
        await using TestGateway gateway = new("AditPermitExec yes\nMaxSessions 1");
        SshConnection client = await gateway.ConnectAsync();
        Channel first = await client.OpenAsync("session", []).AsTask().TestTime();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenAsync("session", []).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.ResourceShortage, e.Reason);
        first.Notify("exec", Text("true"));
        await gateway.Events.Heard(GatewayEventKind.CommandEnded);
        await first.ReadAllAsync();
        Channel? next = null;
        while (next is null)
        {
            // The place is free a moment after the command's end was told.
            next = await Record.ExceptionAsync(async () => next = await client.OpenAsync("session", []).AsTask().TestTime()) is null ? next : null;
        }
    }

    [Fact]
    public async Task A_command_gets_its_input_and_gives_its_output()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("cat"));
        byte[] data = TestBytes.Of(500_000);
        Task<byte[]> reading = channel.ReadAllAsync();
        await channel.WriteAsync(data).AsTask().TestTime();
        channel.CompleteOutput();
        Assert.Equal(data, await reading);
        Assert.Equal("cat", (await gateway.Events.Heard(GatewayEventKind.CommandStarted)).Target);
        Assert.Equal("exit status 0", (await gateway.Events.Heard(GatewayEventKind.CommandEnded)).Detail);
    }

    [Fact]
    public async Task A_signal_ends_the_command_also_one_that_comes_right_behind_the_request()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("exec sleep 1000"));
        channel.Notify("signal", Text("TERM"));
        Assert.Equal("exit status 143", (await gateway.Events.Heard(GatewayEventKind.CommandEnded)).Detail);
        Assert.Empty(await channel.ReadAllAsync());
    }

    [Theory]
    [InlineData("ForceCommand cat", "")]
    [InlineData("", "command=\"cat\"")]
    public async Task A_forced_command_takes_no_signal_of_the_client(string config, string keyOptions)
    {
        await using TestGateway gateway = new("AditPermitExec yes\n" + config, keyOptions);
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        Assert.False(await channel.RequestAsync("signal", Text("KILL")).AsTask().TestTime());
        Assert.True(await channel.RequestAsync("exec", Text("anything")).AsTask().TestTime());
        Assert.False(await channel.RequestAsync("signal", Text("KILL")).AsTask().TestTime());
        Assert.Equal("alive"u8.ToArray(), await channel.ExchangeAsync("alive"u8.ToArray()));
        Assert.Equal("exit status 0", (await gateway.Events.Heard(GatewayEventKind.CommandEnded)).Detail);
    }

    [Fact]
    public async Task A_command_does_not_run_before_the_client_may_stay()
    {
        await using TestGateway gateway = new("AditPermitExec yes\nAditMaxConnections 1");
        await gateway.ConnectAsync();
        using ManualResetEventSlim asked = new();
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        GatewayConnection second = new(gateway.Server, long.MaxValue, near, new("192.0.2.7", 50001), Endpoint.Tcp("192.0.2.1", 22)) { LeaveStartups = asked.Wait };
        Task served = second.RunAsync(default);
        await using SshConnection client = await SshClient.ConnectAsync(far.AsStream(), new()
        {
            User = "joe",
            VerifyHostKey = static (_, _) => default,
            Authentication = [new PublicKeyMethod([TestGateway.UserKey])],
        }).TestTime();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        Assert.True(await channel.RequestAsync("exec", Text("true")).AsTask().TestTime());
        asked.Set();
        await served.TestTime();
        Assert.Equal("TooManyConnections", (await gateway.Events.Heard(GatewayEventKind.Disconnected, e => e.Connection == second.Id)).Reason);
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.CommandStarted));
    }

    [Fact]
    public async Task A_session_from_before_a_reload_runs_no_command_that_is_not_permitted_any_more()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        gateway.Configure("AditPermitExec no");
        Assert.True(gateway.Server.Reload());
        Assert.False(await channel.RequestAsync("exec", Text("true")).AsTask().TestTime());
        Assert.Equal("AditPermitExec is no", (await gateway.Events.Heard(GatewayEventKind.RequestRefused)).Detail);
        Assert.Empty(await channel.ReadAllAsync());
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.CommandStarted));
    }

    [Fact]
    public async Task MaxSessions_may_be_any_number()
    {
        await using TestGateway gateway = new("AditPermitExec yes\nMaxSessions 2147483647");
        SshConnection client = await gateway.ConnectAsync();
        await client.OpenAsync("session", []).AsTask().TestTime();
    }

    [Fact]
    public async Task A_client_that_goes_takes_its_command_with_it()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("echo $$; exec sleep 1000"));
        string pid = System.Text.Encoding.ASCII.GetString((await channel.ReadAsync().AsTask().TestTime()).Span).Trim();
        await client.DisposeAsync();
        await gateway.LastServed.TestTime();
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task What_a_command_leaves_behind_keeps_its_session_until_it_lets_go_of_the_output()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text($"cd {gateway.Folder}; mkfifo go; (read x < go; echo late) & echo first"));
        Assert.Equal("first\n"u8.ToArray(), (await channel.ReadAsync().AsTask().TestTime()).ToArray());
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.CommandEnded));
        await File.WriteAllTextAsync($"{gateway.Folder}/go", "x\n").TestTime();
        Assert.Equal("late\n"u8.ToArray(), await channel.ReadAllAsync());
        Assert.Equal("exit status 0", (await gateway.Events.Heard(GatewayEventKind.CommandEnded)).Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_command_leaves_behind_holds_neither_its_connection_nor_the_end_of_the_gateway(bool gatewayEnds)
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("sleep 1000 & echo $!"));
        using Process left = Process.GetProcessById(int.Parse(System.Text.Encoding.ASCII.GetString((await channel.ReadAsync().AsTask().TestTime()).Span), CultureInfo.InvariantCulture));
        try
        {
            if (gatewayEnds)
                await gateway.Server.DisposeAsync().AsTask().TestTime();
            else
                await client.DisposeAsync();
            await gateway.LastServed.TestTime();
            Assert.Equal("the client is gone", (await gateway.Events.Heard(GatewayEventKind.CommandEnded)).Detail);
        }
        finally
        {
            left.Kill();
        }
    }

    [Fact]
    public async Task A_client_that_closes_the_channel_behind_the_end_of_its_input_ends_a_silent_command()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("echo $$; cat; echo end; exec sleep 1000"));
        string pid = System.Text.Encoding.ASCII.GetString((await channel.ReadAsync().AsTask().TestTime()).Span).Trim();
        channel.CompleteOutput();
        Assert.Equal("end\n"u8.ToArray(), (await channel.ReadAsync().AsTask().TestTime()).ToArray());
        await channel.DisposeAsync();
        await Until.Holds(() => gateway.Server.Connections.Single().Channels == 0);
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Events.Heard(GatewayEventKind.CommandEnded);
        await Until.Holds(() => !Directory.Exists($"/proc/{pid}"));
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_client_that_goes_at_any_moment_of_its_command_is_gone()
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        for (int i = 0; i < 30; i++)
        {
            SshConnection client = await gateway.ConnectAsync();
            Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
            channel.Notify("exec", Text("cat; true"));
            channel.CompleteOutput();
            if (i % 3 > 0)
                await gateway.Events.Heard(i % 3 > 1 ? GatewayEventKind.CommandEnded : GatewayEventKind.CommandStarted, e => e.Connection == gateway.Server.Connections.Single().Id);
            await client.DisposeAsync();
            await gateway.LastServed.TestTime();
        }
    }

    [Fact]
    public async Task A_session_that_does_not_end_keeps_its_connection_for_a_few_seconds_only()
    {
        using StuckEvents stuck = new(GatewayEventKind.CommandEnded);
        await using TestGateway gateway = new("AditPermitExec yes", events: stuck.Before);
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", Text("true"));
        await stuck.Reached.TestTime();
        await client.DisposeAsync();
        await Until.Holds(() => gateway.LastServed.IsCompleted, () => gateway.Time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Contains("a command is not gone 5 s after it was killed", (await gateway.Events.Heard(GatewayEventKind.Fault)).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connected")]
    [InlineData("Disconnected")]
    public async Task A_connection_of_which_nothing_can_be_told_is_gone_all_the_same(string failing)
    {
        await using TestGateway gateway = new(events: _ => new FailingEvents(Enum.Parse<GatewayEventKind>(failing)));
        if (failing is "Connected")
            await Assert.ThrowsAnyAsync<SshException>(() => gateway.ConnectAsync());
        else
            await (await gateway.ConnectAsync()).DisposeAsync();
        await gateway.LastServed.TestTime();
        await gateway.Server.DisposeAsync().AsTask().TestTime();
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("subsystem")]
    public async Task Nothing_but_a_command_is_served(string request)
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify(request, request is "shell" ? [] : Text("sftp"));
        Assert.Equal(request, (await gateway.Events.Heard(GatewayEventKind.RequestRefused)).Target);
        Assert.Empty(await channel.ReadAllAsync());
    }

    [Theory]
    [InlineData("exec", new byte[] { 0, 0, 0, 9, 65 })]
    [InlineData("exec", new byte[] { 0, 0 })]
    [InlineData("exec", new byte[] { 0, 0, 0, 1, 0 })]
    [InlineData("signal", new byte[] { 1 })]
    public async Task A_malformed_request_ends_the_connection(string request, byte[] fields)
    {
        await using TestGateway gateway = new("AditPermitExec yes");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify(request, fields);
        await client.Closed.TestTime();
        Assert.Equal("ProtocolError", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Reason);
    }

    [Theory]
    [InlineData("echo out; echo err >&2; exit 7", "", "", 7, "out\n", "err\n")]
    [InlineData("echo $SSH_ORIGINAL_COMMAND", "ForceCommand echo forced: $SSH_ORIGINAL_COMMAND", "", 0, "forced: echo $SSH_ORIGINAL_COMMAND\n", "")]
    [InlineData("echo $SSH_ORIGINAL_COMMAND", "ForceCommand echo $SSH_ORIGINAL_COMMAND", "", 0, "echo $SSH_ORIGINAL_COMMAND\n", "")]
    [InlineData("echo asked", "ForceCommand echo setting", "command=\"echo key\"", 0, "setting\n", "")]
    [InlineData("kill -KILL $$", "", "", 137, "", "")]
    [InlineData("echo ${SECRET_OF_THE_GATEWAY:-nothing} $SHELL", "", "", 0, "nothing /bin/sh\n", "")]
    public async Task Ssh_gets_output_errors_and_exit_status(string command, string config, string keyOptions, int code, string output, string errors)
    {
        Environment.SetEnvironmentVariable("SECRET_OF_THE_GATEWAY", "secret");
        (int Code, string Output, string Errors) got = await SshAsync("AditPermitExec yes\n" + config, keyOptions, "ERROR", command);
        Assert.Equal((code, output, errors), got);
    }

    [Fact]
    public async Task Ssh_is_told_of_a_refused_shell()
    {
        (int code, string output, string errors) = await SshAsync("", "", "INFO");
        Assert.Equal((255, ""), (code, output));
        Assert.Contains("use ssh -N", errors, StringComparison.Ordinal);
    }

    private static byte[] Text(string text) => [0, 0, 0, (byte)text.Length, .. System.Text.Encoding.ASCII.GetBytes(text)];

    private static async Task<(int Code, string Output, string Errors)> SshAsync(string config, string keyOptions, string level, params string[] command)
    {
        await using TestGateway files = new(config, keyOptions);
        await using GatewayServer gateway = await GatewayServer.StartAsync(files.Load, files.Events, TimeProvider.System, [ListenSpec.Tcp(0, "127.0.0.1")], default);
        string key = files.Write("user_key", string.Empty);
        await File.WriteAllBytesAsync(key, TestGateway.UserKey.ToOpenSshFormat());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(key, UnixFileMode.UserRead);
        ProcessStartInfo start = new("ssh",
        [
            "-F", "none", "-i", key, "-p", gateway.Endpoints[0].Port.ToString(CultureInfo.InvariantCulture), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", $"LogLevel={level}", "joe@127.0.0.1", .. command,
        ])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using Process ssh = Process.Start(start)!;
        ssh.StandardInput.Close();
        Task<string> errors = ssh.StandardError.ReadToEndAsync(), output = ssh.StandardOutput.ReadToEndAsync();
        await ssh.WaitForExitAsync().TestTime();
        return (ssh.ExitCode, await output, await errors);
    }
}
