using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary><c>-O</c> at a stock master, beside what ssh does with the same words.</summary>
public sealed class ControlCommandTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Theory]
    [InlineData("-O", "check")]
    [InlineData("-q", "-O", "check")]
    [InlineData("-O", "forward")]
    [InlineData("-O", "cancel")]
    [InlineData("-f", "-N", "-O", "check")]
    [InlineData("-f", "-N", "-O", "forward")]
    [InlineData("-q", "-O", "stop")]
    [InlineData("-O", "stop")]
    [InlineData("-q", "-O", "exit")]
    [InlineData("-O", "exit")]
    public async Task Status_and_words_are_those_of_ssh(params string[] options) =>
        Assert.Equal(await RunAsync("ssh", options), await RunAsync(await AditProcess.BuiltAsync(), options));

    [Theory]
    [InlineData("-f", "-O", "check")]
    [InlineData("-f", "-O", "forward", "-L", "1:a:2")]
    public async Task Nothing_is_asked_of_the_master_where_f_has_no_command(params string[] options)
    {
        Assert.Equal(ConnectionFailed, (await RunAsync("ssh", options)).Exit);
        var (exit, said) = await RunAsync(await AditProcess.BuiltAsync(), options);
        Assert.Equal(ConnectionFailed, exit);
        Assert.StartsWith("adit: there is no command that could run in the background", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task G_beside_O_shows_what_is_configured_and_needs_no_master()
    {
        using var files = await SshClientFiles.CreateAsync(1);
        var shown = await ChildProcess.RunAsync(new(await AditProcess.BuiltAsync(), "-F", files.ConfigPath, "-G", "-O", "exit", SshClientFiles.Alias));
        Assert.Contains("\nhostname 127.0.0.1\n", shown, StringComparison.Ordinal);
    }

    // A master of its own for each, since some words end it. Its process id is not compared.
    private async Task<(int Exit, string Said)> RunAsync(string program, string[] options)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var path = Path.Combine(Path.GetDirectoryName(files.ConfigPath)!, "control");
        var master = await StartSshAsync("-F", files.ConfigPath, "-M", "-S", path, "-N", SshClientFiles.Alias);
        await Patience.UntilAsync(() => File.Exists(path), "the master should listen", () => master.Log);
        await using var client = await ChildProcess.StartAsync(new(program, ["-F", files.ConfigPath, "-S", path, .. options, SshClientFiles.Alias]));
        client.Input.Close();
        var exit = await client.ExitAsync();
        return (exit, (client.Output.Text + client.Error.Text).ReplaceLineEndings("\n").Replace($"pid={master.Pid}", "pid=PID", StringComparison.Ordinal));
    }
}
