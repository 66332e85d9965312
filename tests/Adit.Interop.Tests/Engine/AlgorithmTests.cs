using Adit.Interop.Tests.Peers;
using Adit.Ssh;
using Adit.Ssh.Kex;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Engine;

/// <summary>Every algorithm that is served and that this machine's sshd knows, with data both ways and a rekey in between.</summary>
public sealed class AlgorithmTests(ITestOutputHelper output) : EngineTest(output)
{
    private static readonly string[] HostKeyTypes = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"];

    public static TheoryData<string> Kex => Common("kex", AlgorithmPreferences.Default.Kex);

    public static TheoryData<string> Ciphers => Common("cipher", AlgorithmPreferences.Default.Ciphers);

    public static TheoryData<string> Macs => Common("mac", AlgorithmPreferences.Default.Macs);

    public static TheoryData<string> HostKeys =>
        Common("HostKeyAlgorithms", [.. AlgorithmPreferences.Default.HostKeys.Where(static name => !name.Contains("-cert-", StringComparison.Ordinal))]);

    [Theory]
    [MemberData(nameof(Kex))]
    public async Task Every_key_exchange_works(string name)
    {
        var info = await CarryAsync(new AlgorithmPreferences { Kex = [name] }, $"KexAlgorithms {name}");

        Assert.Equal(name, info.Kex);
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public async Task Every_cipher_works(string name)
    {
        var info = await CarryAsync(new AlgorithmPreferences { Ciphers = [name] }, $"Ciphers {name}");

        Assert.Equal((name, name), (info.CipherToServer, info.CipherToClient));
    }

    [Theory]
    [MemberData(nameof(Macs))]
    public async Task Every_mac_works(string name)
    {
        var info = await CarryAsync(new AlgorithmPreferences { Ciphers = ["aes128-ctr"], Macs = [name] }, $"MACs {name}");

        Assert.Equal((name, name), (info.MacToServer, info.MacToClient));
    }

    [Theory]
    [MemberData(nameof(HostKeys))]
    public async Task Every_host_key_algorithm_works(string name)
    {
        var info = await CarryAsync(new AlgorithmPreferences { HostKeys = [name] }, $"HostKeyAlgorithms {name}");

        Assert.Equal(name, info.HostKeyAlgorithm);
    }

    [Fact]
    public async Task The_defaults_of_both_agree_on_strict_kex_and_aes_gcm()
    {
        var info = await CarryAsync(AlgorithmPreferences.Default, "# defaults");

        Assert.True(info.StrictKex);
        Assert.Equal("aes128-gcm@openssh.com", info.CipherToServer);
        Assert.StartsWith("SSH-2.0-OpenSSH_", info.PeerIdentification, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_in_common_is_told_with_what_the_server_offers()
    {
        var sshd = await StartSshdAsync(new() { Config = ["Ciphers aes256-ctr"] });

        var exception = await Assert.ThrowsAsync<SshClosedException>(
            () => ConnectAsync(sshd, static options => options with { Algorithms = new() { Ciphers = ["aes128-gcm@openssh.com"] } }));

        Assert.Equal(CloseReason.KeyExchangeFailed, exception.Reason);
        Assert.Contains("aes256-ctr", exception.Message, StringComparison.Ordinal);
    }

    private async Task<Adit.Ssh.Connection.ConnectionInfo> CarryAsync(AlgorithmPreferences algorithms, string configuration)
    {
        var sshd = await StartSshdAsync(new() { Config = [configuration], HostKeys = HostKeyTypes });
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Mebibyte);
        var connection = await ConnectAsync(sshd, options => options with { Algorithms = algorithms });

        await SendAsync(connection, sink, Mebibyte);
        connection.Rekey();
        await ReceiveAsync(connection, source, Mebibyte);
        await Patience.UntilAsync(() => connection.KeyExchanges == 2, "the second key exchange should end", () => sshd.Log);
        await SendAsync(connection, sink, Mebibyte);

        return connection.Info;
    }

    private static TheoryData<string> Common(string query, IReadOnlyList<string> served)
    {
        using var ssh = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ssh", ["-Q", query]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var known = ssh.StandardOutput.ReadToEnd().Split('\n');
        ssh.WaitForExit();
        return [.. served.Intersect(known, StringComparer.Ordinal)];
    }
}
