using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

[Trait("Surface", "S1-10")]
public sealed class HostKeyTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Fact]
    public async Task An_unknown_key_is_asked_about_and_remembered_after_yes()
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        var port = LoopbackPort.Free();
        var adit = await StartAditOnTerminalAsync(Arguments(files, port, $"127.0.0.1:{echo.Port}"));
        await adit.OutputAsync("yes/no");
        Assert.Contains(sshd.HostKeys[0].Fingerprint, adit.Output.Text, StringComparison.Ordinal);
        Assert.False(LoopbackPort.IsListening(port));

        await adit.Input.WriteLineAsync("yes");
        await adit.Input.FlushAsync();

        await LoopbackPort.UntilListeningAsync(port, adit);
        await Bulk.EchoAsync(port);
        Assert.Contains($"[127.0.0.1]:{sshd.Port} {sshd.HostKeys[0].PublicLine}", await File.ReadAllTextAsync(files.KnownHostsPath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_that_is_declined_ends_with_255_and_is_not_remembered()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        var adit = await StartAditOnTerminalAsync(Arguments(files, LoopbackPort.Free(), "127.0.0.1:9"));
        await adit.OutputAsync("yes/no");

        await adit.Input.WriteLineAsync("no");
        await adit.Input.FlushAsync();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.False(File.Exists(files.KnownHostsPath));
        Assert.False(sshd.Messages.Contains("Accepted publickey"));
    }

    [Theory]
    [InlineData("BatchMode=yes")]
    [InlineData("StrictHostKeyChecking=yes")]
    [InlineData("StrictHostKeyChecking=ask")]
    public async Task An_unknown_key_is_refused_where_nobody_can_be_asked(string option)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd.Port);

        var adit = await FailToOpenAsync(files, "-o", option);

        Assert.Matches("(?i)host key", adit.Error.Text);
        Assert.False(sshd.Messages.Contains("Accepted publickey"));
    }

    [Fact]
    public async Task An_unknown_key_is_remembered_unasked_with_accept_new()
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ecdsa-256"] });
        using var files = await SshClientFiles.CreateAsync(sshd.Port);

        await OpenTunnelAsync(files, 9, "-o", "StrictHostKeyChecking=accept-new");

        Assert.Contains(sshd.HostKeys[0].PublicLine, await File.ReadAllTextAsync(files.KnownHostsPath), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("StrictHostKeyChecking=ask")]
    [InlineData("StrictHostKeyChecking=accept-new")]
    [InlineData("StrictHostKeyChecking=yes")]
    public async Task A_changed_key_is_refused_with_both_fingerprints_and_the_line_that_knows_better(string option)
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        var former = await KeyPair.GetAsync("ed25519", "former");
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        files.Know(former);

        var adit = await FailToOpenAsync(files, "-o", option);

        Assert.Contains(sshd.HostKeys[0].Fingerprint, adit.Error.Text, StringComparison.Ordinal);
        Assert.Contains(former.Fingerprint, adit.Error.Text, StringComparison.Ordinal);
        Assert.Contains($"{files.KnownHostsPath}:1", adit.Error.Text, StringComparison.Ordinal);
        Assert.False(sshd.Messages.Contains("Accepted publickey"));
    }

    [Fact]
    public async Task A_revoked_key_is_refused()
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        await File.AppendAllTextAsync(files.KnownHostsPath, $"@revoked * {sshd.HostKeys[0].PublicLine}\n");

        var adit = await FailToOpenAsync(files);

        Assert.Matches("(?i)revoked", adit.Error.Text);
    }

    [Fact]
    public async Task The_key_type_that_is_known_is_asked_for_first()
    {
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519", "ecdsa-384", "rsa-2048"] });
        using var files = await SshClientFiles.CreateAsync(sshd.Port, "StrictHostKeyChecking yes");
        files.Know(sshd.HostKeys[2]);

        await OpenTunnelAsync(files, 9);

        await sshd.LoggedAsync("kex: host key algorithm: rsa-sha2-");
    }

    [Theory]
    [InlineData("ed25519", "ssh-ed25519")]
    [InlineData("ecdsa-256", "ecdsa-sha2-nistp256")]
    [InlineData("ecdsa-384", "ecdsa-sha2-nistp384")]
    [InlineData("ecdsa-521", "ecdsa-sha2-nistp521")]
    [InlineData("rsa-2048", "rsa-sha2-256")]
    [InlineData("rsa-2048", "rsa-sha2-512")]
    public async Task Every_kind_of_host_key_is_verified(string type, string algorithm)
    {
        var sshd = await StartSshdAsync(new() { HostKeys = [type] });
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "StrictHostKeyChecking yes", $"HostKeyAlgorithms {algorithm}");

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
        await sshd.LoggedAsync($"kex: host key algorithm: {algorithm}");
    }
}
