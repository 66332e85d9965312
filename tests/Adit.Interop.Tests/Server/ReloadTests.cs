using System.Globalization;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>SIGHUP and SIGTERM.</summary>
[Trait("Surface", "S3-23")]
public sealed class ReloadTests(ITestOutputHelper output) : ServerTest(output)
{
    [Fact]
    public async Task New_connections_follow_the_new_file_and_live_ones_live_on()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        var (live, port) = await ForwardAsync("ssh", server, echo.Port);
        using var channel = await DialAsync(port);
        await ExchangeAsync(channel);

        await server.ConfigureAsync("AllowTcpForwarding no");
        server.Reload();

        await UntilRefusedAsync(server, echo.Port);
        await ExchangeAsync(channel);
        Assert.False(live.HasExited, live.Log);
    }

    [Fact]
    public async Task A_user_who_was_denied_is_let_in_by_the_new_file()
    {
        var server = await StartServerAsync("DenyUsers *");
        var denied = await StartSshAsync(server, "-N");
        Assert.Equal(ConnectionFailed, await denied.ExitAsync());

        await server.ConfigureAsync();
        server.Reload();

        await EventuallyAsync(async () =>
        {
            var client = await StartSshAsync(server, "-N");
            return await client.Error.FindAsync("Entering interactive session|Permission denied|Connection (refused|closed|reset)")
                .WithinAsync("ssh should log in or fail", () => client.Log) is { Value: "Entering interactive session" };
        }, () => server.Log);
    }

    [GatewayFact]
    public async Task New_channels_of_live_connections_follow_the_new_file_at_once()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        var (live, port) = await ForwardAsync("ssh", server, echo.Port);
        using var channel = await DialAsync(port);
        await ExchangeAsync(channel);

        await server.ConfigureAsync("PermitOpen 127.0.0.1:1");
        server.Reload();

        await EventuallyAsync(async () => !await IsServedAsync(port), () => server.Log);
        await live.ErrorAsync("open failed: administratively prohibited");
        await ExchangeAsync(channel);

        await server.ConfigureAsync($"PermitOpen 127.0.0.1:{echo.Port}");
        server.Reload();

        await EventuallyAsync(() => IsServedAsync(port), () => server.Log);
    }

    [GatewayFact]
    public async Task A_file_that_is_wrong_changes_nothing_and_is_told()
    {
        var server = await StartServerAsync("PermitOpen 127.0.0.1:1");
        await using var echo = TcpService.Echo();

        await server.ConfigureAsync("PermitOpn any");
        server.Reload();
        await server.LoggedAsync("sshd_config.*PermitOpn|PermitOpn.*sshd_config");

        await UntilRefusedAsync(server, echo.Port);
    }

    [GatewayFact]
    public async Task The_port_is_never_closed_by_a_reload()
    {
        var server = await StartServerAsync();

        await server.ConfigureAsync("DenyUsers *");
        server.Reload();

        // The first that is denied comes after the reload; until then all must be let in.
        await EventuallyAsync(async () =>
        {
            var client = await StartSshAsync(server, "-N");
            var answer = await client.ErrorAsync("Entering interactive session|Permission denied");
            return answer.Value is "Permission denied";
        }, () => server.Log);
    }

    [Fact]
    public async Task A_PidFile_that_was_removed_is_there_again_after_a_reload()
    {
        var server = await StartServerAsync();
        await Patience.UntilAsync(() => File.Exists(server.PidFile), "the PidFile should be written", () => server.Log);
        File.Delete(server.PidFile);

        server.Reload();

        var expected = server.Pid.ToString(CultureInfo.InvariantCulture);
        await Patience.UntilAsync(() => File.Exists(server.PidFile) && File.ReadAllText(server.PidFile).Trim() == expected, "the PidFile should be written again", () => server.Log);
    }

    [Fact]
    public async Task The_process_id_stands_in_the_PidFile_until_the_end()
    {
        var server = await StartServerAsync();
        var expected = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{server.Pid}\n");
        await Patience.UntilAsync(() => File.Exists(server.PidFile) && File.ReadAllText(server.PidFile) == expected, "the PidFile should be written", () => server.Log);

        server.Terminate();
        await server.ExitAsync();

        Assert.False(File.Exists(server.PidFile));
        Assert.False(LoopbackPort.IsListening(server.Port));
    }

    [GatewayFact]
    public async Task SIGTERM_ends_all_connections_and_their_ports_with_a_word_to_the_clients()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", Spec(local, echo.Port), "-R", Spec(remote, echo.Port));
        await LoopbackPort.UntilListeningAsync(remote, client);
        using var channel = await DialAsync(local);
        await ExchangeAsync(channel);

        server.Terminate();

        await server.ExitAsync();
        await client.ErrorAsync("Received disconnect from 127.0.0.1 port \\d+:11:");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
        Assert.False(LoopbackPort.IsListening(remote));
    }

    // With clients of their own, since sshd's live connections stay with the old file.
    private static async Task UntilRefusedAsync(ServerPeer server, int target) => await EventuallyAsync(async () =>
    {
        await using var client = await OpenSshClient.StartAsync("-F", server.Client.ConfigPath, "-W", $"127.0.0.1:{target}", SshClientFiles.Alias);
        client.Input.Close();
        return await client.ExitAsync() is not 0 && client.Error.Contains("administratively prohibited");
    }, () => server.Log);

    private static async Task<bool> IsServedAsync(int port)
    {
        using var socket = await DialAsync(port);
        try
        {
            await socket.SendAsync("ping"u8.ToArray());
            return await socket.ReceiveAsync(new byte[8]).WithinAsync("the connection should be served or ended") is 4;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Nothing but its effect tells when a file has come into force.
    private static async Task EventuallyAsync(Func<Task<bool>> reached, Func<string> evidence)
    {
        async Task TryAsync()
        {
            while (!await reached())
                await Task.Yield();
        }
        await TryAsync().WithinAsync("the new file should come into force", evidence);
    }
}
