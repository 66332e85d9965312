using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A server that is not OpenSSH: no hostbound keys, no agreement on lengths, a window of 24 KiB.</summary>
public sealed class DropbearTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const long Bytes = 8 * 1024 * 1024;

    [Theory]
    [InlineData("# its own choice")]
    [InlineData("Ciphers chacha20-poly1305@openssh.com")]
    [InlineData("Ciphers aes256-ctr\nMACs hmac-sha2-256")]
    [InlineData("KexAlgorithms diffie-hellman-group14-sha256")]
    [InlineData("RekeyLimit 1M")]
    public async Task Data_goes_both_ways_through_dropbear(string config)
    {
        var server = await DropbearPeer.StartAsync();
        Own(server, () => server.Log);
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        using var files = await SshClientFiles.CreateAsync(server.Port, config, $"User {DropbearPeer.User}");
        await File.WriteAllTextAsync(
            files.KnownHostsPath, string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{server.Port} {server.HostKey}\n"));
        var back = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, sink.Port, "-L", string.Create(CultureInfo.InvariantCulture, $"{back}:127.0.0.1:{source.Port}"));
        await LoopbackPort.UntilListeningAsync(back, tunnel.Adit);

        await Task.WhenAll(Bulk.SendAsync(tunnel.Port, Bytes), Bulk.ReceiveAsync(back, Bytes));
    }
}
