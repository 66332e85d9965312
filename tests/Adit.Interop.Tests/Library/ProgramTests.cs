using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Library;

/// <summary>A program of its own that uses the library: the sample Streams.</summary>
public sealed class ProgramTests(ITestOutputHelper output) : PeerTest(output)
{
    [Fact]
    [Trait("Surface", "S0-1")]
    [Trait("Surface", "S0-2")]
    [Trait("Surface", "S0-13")]
    public async Task A_program_that_is_killed_leaves_nothing_and_had_no_port_and_no_child()
    {
        SshdPeer sshd = await StartSshdAsync();
        await using TcpService silent = TcpService.Silent();
        ChildProcess program = await StartAsync(sshd, silent.Port);
        await program.ErrorAsync("ssh, host key verified");
        await silent.FirstConnection.WithinAsync("the target should be reached", () => program.Log);

        Assert.Equal(1, sshd.Connections);
        Assert.Empty(LoopbackPort.ListenersOf(program.Pid));
        Assert.Empty(ProcessTree.Descendants(program.Pid));
        program.Kill();

        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task A_target_that_refuses_is_told_in_one_line()
    {
        SshdPeer sshd = await StartSshdAsync();
        int nobody = LoopbackPort.Free();
        ChildProcess program = await StartAsync(sshd, nobody);
        Assert.Equal(1, await program.ExitAsync());
        Assert.Equal($"cannot connect to localhost:{nobody}: connect failed on peer (Connection refused)", program.Error.Text.Trim());
        await sshd.UntilNoConnectionAsync();
    }

    private async Task<ChildProcess> StartAsync(SshdPeer sshd, int port) => Own(await ChildProcess.StartAsync(SampleProgram.Start(
        "Streams", await SshClientFiles.CreateAsync(sshd), new Dictionary<string, string?>(StringComparer.Ordinal),
        SshClientFiles.Alias, "localhost", port.ToString(CultureInfo.InvariantCulture))));
}
