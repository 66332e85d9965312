using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class TransferTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const long Mebibyte = 1024 * 1024;

    [Theory]
    [InlineData("curve25519-sha256")]
    [InlineData("curve25519-sha256@libssh.org")]
    [InlineData("ecdh-sha2-nistp256")]
    [InlineData("ecdh-sha2-nistp384")]
    [InlineData("ecdh-sha2-nistp521")]
    [InlineData("diffie-hellman-group14-sha256")]
    [InlineData("diffie-hellman-group16-sha512")]
    [InlineData("diffie-hellman-group18-sha512")]
    public async Task Every_key_exchange_carries_data(string algorithm) =>
        await CarryAsync($"KexAlgorithms {algorithm}", $"kex: algorithm: {algorithm}( |$)");

    [Theory]
    [InlineData("aes128-gcm@openssh.com")]
    [InlineData("aes256-gcm@openssh.com")]
    [InlineData("chacha20-poly1305@openssh.com")]
    [InlineData("aes128-ctr")]
    [InlineData("aes192-ctr")]
    [InlineData("aes256-ctr")]
    public async Task Every_cipher_carries_data(string algorithm) =>
        await CarryAsync($"Ciphers {algorithm}", $"kex: client->server cipher: {algorithm} ");

    [Theory]
    [InlineData("hmac-sha2-256-etm@openssh.com")]
    [InlineData("hmac-sha2-512-etm@openssh.com")]
    [InlineData("hmac-sha2-256")]
    [InlineData("hmac-sha2-512")]
    public async Task Every_mac_carries_data(string algorithm) =>
        await CarryAsync($"Ciphers aes128-ctr\nMACs {algorithm}", $"MAC: {algorithm} ");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Not_a_byte_is_lost_when_keys_change_under_way(bool byClient)
    {
        const long Bytes = 200 * Mebibyte;
        var sshd = await StartSshdAsync(new() { Config = byClient ? [] : ["RekeyLimit 16M"] });
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        using var files = await SshClientFiles.CreateAsync(sshd, byClient ? "RekeyLimit 16M" : "# no limit");
        var back = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, sink.Port, "-L", $"{back}:127.0.0.1:{source.Port}");
        await LoopbackPort.UntilListeningAsync(back, tunnel.Adit);

        await Task.WhenAll(Bulk.SendAsync(tunnel.Port, Bytes), Bulk.ReceiveAsync(back, Bytes));

        await sshd.LoggedAsync("(SSH2_MSG_NEWKEYS received(.|\n)*?){10}");
    }

    [Fact]
    public async Task Two_hundred_connections_at_once_are_all_served()
    {
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, sink.Port);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            await Task.Yield();
            await Bulk.SendAsync(tunnel.Port, 50_000 + number);
        })).WithinAsync("two hundred transfers should end", () => tunnel.Adit.Log);
    }

    [Fact]
    public async Task A_reader_that_stops_holds_up_nobody_else()
    {
        var sshd = await StartSshdAsync();
        await using var source = TcpService.Source(64 * Mebibyte);
        await using var silent = TcpService.Silent();
        await using var sink = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd);
        int fromSource = LoopbackPort.Free(), toSilent = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, sink.Port, "-L", $"{fromSource}:127.0.0.1:{source.Port}", "-L", $"{toSilent}:127.0.0.1:{silent.Port}");

        using var idle = new TcpClient();
        await idle.ConnectAsync(IPAddress.Loopback, fromSource);
        using var blocked = new TcpClient { SendTimeout = 1 };
        await blocked.ConnectAsync(IPAddress.Loopback, toSilent);
        await FillAsync(blocked.Client);

        await Bulk.SendAsync(tunnel.Port, 16 * Mebibyte).WithinAsync("a transfer beside two stalled ones should end", () => tunnel.Adit.Log);
    }

    [Fact]
    public async Task A_reset_of_the_target_ends_the_clients_connection()
    {
        var sshd = await StartSshdAsync();
        await using var reset = TcpService.Reset();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, reset.Port);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);
        await client.GetStream().WriteAsync(new byte[1]);

        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WithinAsync("the connection should end", () => tunnel.Adit.Log));
        }
        catch (IOException)
        {
            // A reset passed on is as good as an end.
        }
        Assert.False(tunnel.Adit.HasExited);
    }

    [Fact]
    public async Task A_client_that_is_gone_ends_the_connection_to_the_target()
    {
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, sink.Port);

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);
            await client.GetStream().WriteAsync(new byte[1000]);
            await sink.FirstConnection.WithinAsync("the tunnel should reach its target", () => tunnel.Adit.Log);
            client.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        await sshd.LoggedAsync("channel 0: free");
    }

    // Writes until no buffer on the way takes any more.
    private static async Task FillAsync(Socket socket)
    {
        socket.Blocking = false;
        var block = new byte[256 * 1024];
        for (var idleRounds = 0; idleRounds < 20;)
        {
            try
            {
                socket.Send(block);
                idleRounds = 0;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock)
            {
                idleRounds++;
                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    private async Task CarryAsync(string configuration, string logged)
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(2 * Mebibyte);
        using var files = await SshClientFiles.CreateAsync(sshd, configuration.Split('\n'));
        var back = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, sink.Port, "-L", $"{back}:127.0.0.1:{source.Port}");

        await Bulk.SendAsync(tunnel.Port, 2 * Mebibyte);
        await Bulk.ReceiveAsync(back, 2 * Mebibyte);

        await sshd.LoggedAsync(logged);
    }
}
