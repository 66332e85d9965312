using System.Text.Json;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary><c>adit ls</c>, <c>add</c>, <c>cancel</c> and <c>stop</c>, with a list of the test's own.</summary>
public sealed class TunnelListTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Fact]
    public async Task A_tunnel_is_listed_gets_a_forward_loses_it_and_is_ended_from_another_process()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("list");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = folder };
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, $"127.0.0.1:{echo.Port}")) { Environment = environment });
        await LoopbackPort.UntilListeningAsync(port, adit);
        Task<string> RunAsync(params string[] arguments) => AditAsync(environment, arguments);

        using (JsonDocument list = JsonDocument.Parse(await RunAsync("ls", "--json")))
        {
            JsonElement tunnel = Assert.Single(list.RootElement.EnumerateArray());
            Assert.Equal(SshClientFiles.Alias, tunnel.GetProperty("destination").GetString());
            Assert.True(tunnel.GetProperty("up").GetBoolean());
            JsonElement forward = Assert.Single(tunnel.GetProperty("forwards").EnumerateArray());
            Assert.Equal("local", forward.GetProperty("kind").GetString());
            Assert.False(forward.GetProperty("plaintext").GetBoolean());
        }

        var added = int.Parse(await RunAsync("add", SshClientFiles.Alias, "-L", $"0:127.0.0.1:{echo.Port}"), System.Globalization.CultureInfo.InvariantCulture);
        await Bulk.EchoAsync(added);
        Assert.Contains($"127.0.0.1:{added}", await RunAsync("ls"), StringComparison.Ordinal);

        await RunAsync("cancel", SshClientFiles.Alias, "-L", $"{port}:127.0.0.1:{echo.Port}");
        Assert.False(LoopbackPort.IsListening(port));
        await Bulk.EchoAsync(added);

        await RunAsync("stop", SshClientFiles.Alias);
        Assert.Equal(0, await adit.ExitAsync());
        Assert.False(LoopbackPort.IsListening(added));
        Assert.Equal("no tunnels", (await RunAsync("ls")).Trim());
        RunFolder.Remove(folder);
    }

    private static async Task<string> AditAsync(IReadOnlyDictionary<string, string?> environment, params IReadOnlyList<string> arguments)
    {
        await using var adit = await AditProcess.StartAsync(new ChildProcessStart("", arguments) { Environment = environment });
        adit.Input.Close();
        Assert.Equal(0, await adit.ExitAsync());
        return adit.Output.Text;
    }
}
