using System.Net;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What <c>-v</c> tells somebody who wants to know where a tunnel comes to a halt.</summary>
public sealed class VerboseTests(ITestOutputHelper output) : TunnelTest(output)
{
    [AditFact]
    [Trait("Surface", "S1-7")]
    public async Task Each_step_is_told_when_it_is_taken()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "HostName localhost", "AddressFamily inet", "HostKeyAlias known");
        await File.WriteAllLinesAsync(files.KnownHostsPath, sshd.HostKeys.Select(static key => $"known {key.PublicLine}"));
        var user = await SshClientFiles.UserKeyAsync();

        var tunnel = await OpenTunnelAsync(files, echo.Port, "-v");
        using var client = await ServerTest.DialAsync(tunnel.Port);
        var origin = ((IPEndPoint)client.LocalEndPoint!).Port;
        await ServerTest.ExchangeAsync(client);
        client.Close();

        string[] steps =
        [
            $"read configuration {files.ConfigPath}",
            $"identity file {user.PrivatePath} type ssh-ed25519",
            $"connecting to localhost:{sshd.Port} as {TestUser.Name}",
            $"connected to 127.0.0.1:{sshd.Port}",
            "key exchange: ",
            "authentication method none: Failure",
            "authentication method publickey: Success",
            "logged in to localhost as ",
            $"-L localhost:{tunnel.Port}:127.0.0.1:{echo.Port}: listening on 127.0.0.1:{tunnel.Port}",
            $"connection 1 from 127.0.0.1:{origin}: ",
            $"connection 1 from 127.0.0.1:{origin} closed after ",
        ];
        await tunnel.Adit.ErrorAsync("^debug1: connection 1 .* closed after");
        var told = tunnel.Adit.Error.Lines;
        var places = steps.Select(step => Array.FindIndex(told, line => line.StartsWith($"debug1: {step}", StringComparison.Ordinal))).ToArray();
        Assert.All(steps.Zip(places), step => Assert.True(step.Second >= 0, $"not told: {step.First}\n{tunnel.Adit.Log}"));
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public async Task Without_it_a_tunnel_that_works_says_nothing_of_its_steps()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, echo.Port);
        await Bulk.EchoAsync(tunnel.Port);

        Assert.DoesNotContain("debug", tunnel.Adit.Error.Text, StringComparison.Ordinal);
    }
}
