using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Keywords whose effect a person or the other side sees, beside ssh where 9.2 has them.</summary>
public sealed class KeywordTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const string WeakKex = "is not post-quantum";

    [Theory]
    [InlineData("sha256")]
    [InlineData("md5")]
    [Trait("Surface", "S1-10")]
    public async Task FingerprintHash_and_VisualHostKey_show_what_ssh_shows(string hash)
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        string[] options = ["-o", "VisualHostKey=yes", "-o", $"FingerprintHash={hash}"];
        await using var ssh = await OpenSshClient.StartAsync(["-F", files.ConfigPath, .. options, SshClientFiles.Alias, "true"]);
        Assert.Equal(0, await ssh.ExitAsync());

        var tunnel = await OpenTunnelAsync(files, 9, options);

        var shown = ssh.Error.Text.Split('\n').Select(static line => line.TrimEnd('\r')).SkipWhile(static line => !line.StartsWith("Host key", StringComparison.Ordinal)).ToArray();
        var fingerprint = shown[0].Split(' ')[^1];
        Assert.Contains($"is {fingerprint}\n{string.Join('\n', shown[1..12])}\n", tunnel.Adit.Error.Text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S1-10")]
    public async Task The_fingerprint_that_is_shown_counts_as_yes()
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        var port = LoopbackPort.Free();
        var adit = await StartAditOnTerminalAsync(Arguments(files, port, "127.0.0.1:9", "-o", "FingerprintHash=md5"));
        var fingerprint = (await adit.OutputAsync("fingerprint is (MD5:[0-9a-f:]+)\\.")).Groups[1].Value;
        await adit.OutputAsync("yes/no");

        await adit.Input.WriteLineAsync(fingerprint);
        await adit.Input.FlushAsync();

        await LoopbackPort.UntilListeningAsync(port, adit);
    }

    [Fact]
    public async Task VersionAddendum_reaches_the_server()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "VersionAddendum on behalf of %n");

        await OpenTunnelAsync(files, 9);

        await sshd.LoggedAsync($"remote software version Adit_[0-9.]+ on behalf of {SshClientFiles.Alias}");
    }

    // An ssh 10 warns where this sshd, which is older than ML-KEM, lets it take nothing better.
    [Theory]
    [InlineData(true)]
    [InlineData(false, "-o", "WarnWeakCrypto=no")]
    [InlineData(false, "-o", "WarnWeakCrypto=no-pq-kex")]
    [InlineData(false, "-q")]
    [InlineData(false, "-o", "KexAlgorithms=curve25519-sha256")]
    [InlineData(false, "-o", "KexAlgorithms=-diffie-hellman-*")]
    [InlineData(true, "-o", "Ciphers=aes128-ctr")]
    public async Task A_key_exchange_that_is_not_post_quantum_is_told_once_unless_it_was_chosen(bool warns, params string[] options)
    {
        var sshd = await StartSshdAsync(new() { Config = ["KexAlgorithms curve25519-sha256"] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, 9, options);

        Assert.Equal(warns ? 1 : 0, tunnel.Adit.Error.Count(WeakKex));
        if (warns)
            Assert.Matches($"(?m)^adit: warning: the key exchange with {SshClientFiles.Alias} \\(curve25519-sha256\\) {WeakKex}.*WarnWeakCrypto no", tunnel.Adit.Error.Text);
    }

    [Theory]
    [InlineData(0x20, "-N")]
    [InlineData(0x20, "-W", "127.0.0.1:9")]
    [InlineData(0x20, "-T")]
    [InlineData(0x48, "-tt")]
    public async Task IPQoS_marks_the_first_packet_for_a_terminal_or_for_the_rest(byte marked, params string[] options)
    {
        const int levelTcp = 6, saveSyn = 27, savedSyn = 28;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetRawSocketOption(levelTcp, saveSyn, BitConverter.GetBytes(1));
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var files = await SshClientFiles.CreateAsync(((IPEndPoint)listener.LocalEndPoint!).Port);

        var adit = await StartAditAsync(["-F", files.ConfigPath, "-o", "IPQoS=af21 cs1", .. options, SshClientFiles.Alias]);
        using var accepted = await listener.AcceptAsync().WithinAsync("adit should connect", () => adit.Log);

        var header = new byte[120];
        Assert.True(accepted.GetRawSocketOption(levelTcp, savedSyn, header) > 0);
        Assert.Equal(marked, header[1]);
    }

    [AditFact]
    public async Task LogVerbose_is_passed_over_with_its_reason()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "LogVerbose kex.c:*:*");

        var tunnel = await OpenTunnelAsync(files, 9, "-v");

        await tunnel.Adit.ErrorAsync("(?m)^debug1: .*LogVerbose.*OpenSSH's sources");
    }
}
