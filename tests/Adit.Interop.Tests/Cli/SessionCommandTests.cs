using System.Security.Cryptography;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A command, a shell or a subsystem of the server, as people and programs start them.</summary>
public sealed class SessionCommandTests(ITestOutputHelper output) : ForwardTest(output)
{
    [Theory]
    [InlineData("true", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 254", 254)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -KILL $$", 255)]
    [InlineData("/nonexistent/program", 127)]
    public async Task The_commands_code_is_the_code(string command, int code)
    {
        var adit = await StartAsync([], command);
        adit.Input.Close();

        Assert.Equal(code, await adit.ExitAsync());
    }

    [Fact]
    public async Task Input_output_and_errors_are_the_commands()
    {
        var adit = await StartAsync([], "cat; echo wrong >&2; exit 3");

        await adit.Input.WriteAsync("one\ntwo\n");
        adit.Input.Close();

        Assert.Equal(3, await adit.ExitAsync());
        Assert.Equal("one\ntwo\n", adit.Output.Text);
        Assert.EndsWith("wrong\n", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Words_of_the_command_line_are_one_command()
    {
        var adit = await StartAsync([], "echo", "two  blanks", "$((1 + 1))");

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("two blanks 2\n", adit.Output.Text);
    }

    [Fact]
    public async Task Twenty_mebibytes_go_through_a_command_and_back()
    {
        const long bytes = 20 * 1024 * 1024;
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE");
        var adit = Own(await AditProcess.StartAsync(new ChildProcessStart("", "-F", server.Client.ConfigPath, SshClientFiles.Alias, "cat") { RawOutput = true }));

        var received = SHA256.HashDataAsync(adit.RawOutput).AsTask();
        await foreach (var block in Bulk.Blocks(bytes))
            await adit.Input.BaseStream.WriteAsync(block);
        adit.Input.Close();

        Assert.Equal(await Bulk.HashAsync(bytes), Convert.ToHexStringLower(await received.WithinAsync("all should come back", () => adit.Log)));
        Assert.Equal(0, await adit.ExitAsync());
    }

    [Fact]
    public async Task Without_a_command_the_shell_reads_its_input()
    {
        var adit = await StartAsync([]);

        await adit.Input.WriteAsync("echo from the shell\nexit 5\n");
        await adit.Input.FlushAsync();

        Assert.Equal(5, await adit.ExitAsync());
        Assert.Contains("from the shell\n", adit.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_n_the_command_reads_nothing()
    {
        var adit = await StartAsync(["-n"], "cat; echo read");

        // The input stays open.
        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("read\n", adit.Output.Text);
    }

    [Fact]
    public async Task Variables_go_along_that_the_server_takes()
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE", "AcceptEnv ADIT_*");
        server.Client.Configure("SetEnv ADIT_ONE=1 OTHER=2", "SendEnv ADIT_T*");

        var adit = await StartAditAsync(new ChildProcessStart("", "-F", server.Client.ConfigPath, SshClientFiles.Alias, "echo $ADIT_ONE$OTHER$ADIT_TWO")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["ADIT_TWO"] = "two" },
        });

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("1two\n", adit.Output.Text);
    }

    [Theory]
    [InlineData("-t", "terminal 31 97")]
    [InlineData("-tt", "terminal 31 97")]
    [InlineData("-oRequestTTY=yes", "terminal 31 97")]
    [InlineData("-T", "none")]
    [InlineData("-a", "none")]
    public async Task A_terminal_is_there_where_it_is_asked_for_and_has_the_size_of_ours(string option, string expected)
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE");
        string[] words = [await AditProcess.ProgramAsync(), "-F", server.Client.ConfigPath, option, SshClientFiles.Alias,
            "'if [ -t 0 ]; then echo is terminal $(stty size); else echo is none; fi; exit 6'"];

        // script(1) gives a terminal of no size, so that it is set first.
        await using var script = await ChildProcess.StartAsync(
            new("script", "--quiet", "--return", "--command", $"stty rows 31 cols 97; {string.Join(' ', words)}", "/dev/null"));

        Assert.Equal(6, await script.ExitAsync());
        Assert.Contains($"is {expected}", script.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S1-4")]
    public async Task Forwards_serve_beside_a_session_on_the_same_connection()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-L", $"{local}:127.0.0.1:{echo.Port}", "-R", $"{remote}:127.0.0.1:{echo.Port}", SshClientFiles.Alias,
            "echo ready; read word; echo $word; exit 4");
        await adit.OutputAsync("ready");

        await Bulk.EchoAsync(local);
        await Bulk.EchoAsync(remote);
        await adit.Input.WriteLineAsync("still here");
        await adit.Input.FlushAsync();

        Assert.Equal(4, await adit.ExitAsync());
        Assert.Contains("still here", adit.Output.Text, StringComparison.Ordinal);
        Assert.Equal(1, sshd.Messages.Count("Accepted publickey"));
    }

    [Fact]
    [Trait("Surface", "S2-5")]
    public async Task Sftp_uses_it_as_its_ssh()
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE", "Subsystem sftp internal-sftp");
        var (from, to) = await FilesAsync(server);

        await ChildProcess.RunAsync(new("sftp", "-q", "-S", await AditProcess.ProgramAsync(), "-F", server.Client.ConfigPath, "-b", "-", SshClientFiles.Alias),
            $"put {from} {to}\nget {to} {to}.back\nrm {to}\n");

        Assert.Equal(await File.ReadAllBytesAsync(from), await File.ReadAllBytesAsync(to + ".back"));
        Assert.False(File.Exists(to));
    }

    [Theory]
    [InlineData("-s")]
    [InlineData("-O")]
    [Trait("Surface", "S2-5")]
    public async Task Scp_uses_it_as_its_ssh(string protocol)
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE", "Subsystem sftp internal-sftp");
        var (from, to) = await FilesAsync(server);
        string[] options = ["-q", protocol, "-S", await AditProcess.ProgramAsync(), "-F", server.Client.ConfigPath];

        await ChildProcess.RunAsync(new("scp", [.. options, from, $"{SshClientFiles.Alias}:{to}"]));
        await ChildProcess.RunAsync(new("scp", [.. options, $"{SshClientFiles.Alias}:{to}", to + ".back"]));

        Assert.Equal(await File.ReadAllBytesAsync(from), await File.ReadAllBytesAsync(to + ".back"));
    }

    [Fact]
    public async Task A_subsystem_that_the_server_does_not_have_returns_an_error_that_names_it()
    {
        var adit = await StartAsync(["-s"], "nothing-here");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("subsystem request failed", adit.Error.Text, StringComparison.Ordinal);
    }

    private async Task<ChildProcess> StartAsync(string[] options, params string[] command)
    {
        // At DEBUG1, sshd writes some of its log to the errors of the command.
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE");
        return await StartAditAsync(["-F", server.Client.ConfigPath, .. options, SshClientFiles.Alias, .. command]);
    }

    private static async Task<(string From, string To)> FilesAsync(ServerPeer server)
    {
        var from = Path.Combine(server.Folder, "from");
        await using (var file = File.Create(from))
        {
            await foreach (var block in Bulk.Blocks(3_000_000))
                await file.WriteAsync(block);
        }
        return (from, Path.Combine(server.Folder, "to"));
    }
}
