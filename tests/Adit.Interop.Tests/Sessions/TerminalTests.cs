using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Sessions;

/// <summary>A terminal is after adit what it was before, whatever ends or stops adit while it asks for a secret.</summary>
public sealed class TerminalTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const int Terminate = 15;
    private const int StopByTerminal = 20;
    private const string Prompt = "(?i)passphrase.*encrypted";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(Terminate)]
    public async Task A_signal_that_ends_it_leaves_the_terminal_as_it_was(int signal)
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync(new() { AuthorizedKeys = [(await SecretKeyAsync()).PublicLine] }));
        var terminal = await StartAsync($"{await CommandAsync(files)}; echo over; stty -a");
        await terminal.OutputAsync(Prompt);
        var (adit, path) = Adit(terminal);
        Assert.Contains(" -echo ", await SettingsAsync(path), StringComparison.Ordinal);

        _ = ProcessTree.SendSignal(adit, signal);

        await terminal.OutputAsync(@"over[\s\S]*[^-]echo ");
    }

    [Fact]
    public async Task Stopped_it_gives_the_terminal_back_and_continued_it_has_it_again()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync(new() { AuthorizedKeys = [(await SecretKeyAsync()).PublicLine] }));
        var terminal = await StartAsync("sh -i");
        await TypeAsync(terminal, await CommandAsync(files));
        await terminal.OutputAsync(Prompt);
        var (adit, path) = Adit(terminal);

        for (var time = 0; time < 2; time++)
        {
            await UntilEchoAsync(path, false);
            _ = ProcessTree.SendSignal(adit, StopByTerminal);
            await Patience.UntilAsync(() => ProcessTree.Find(adit) is { State: 'T' }, "it should stop", () => terminal.Log);
            Assert.Contains(" echo ", await SettingsAsync(path), StringComparison.Ordinal);
            await TypeAsync(terminal, "fg");
        }

        await UntilEchoAsync(path, false);
        _ = ProcessTree.SendSignal(adit, Terminate);
        await UntilEchoAsync(path, true);
    }

    private async Task<ChildProcess> StartAsync(string command) =>
        Own(await ChildProcess.StartAsync(new("script", "--quiet", "--return", "--command", command, "/dev/null")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TERM"] = "xterm", ["SHELL"] = "/bin/sh" },
        }));

    private static Task<KeyPair> SecretKeyAsync() => KeyPair.GetAsync("ed25519", "encrypted", "below ground");

    private static async Task<string> CommandAsync(SshClientFiles files) => string.Join(' ', (string[])
        [await AditProcess.BuiltAsync(), .. Arguments(files, LoopbackPort.Free(), "127.0.0.1:9", "-i", (await SecretKeyAsync()).PrivatePath)]);

    private static (int Pid, string Terminal) Adit(ChildProcess terminal)
    {
        var adit = ProcessTree.Descendants(terminal.Pid).Single(static entry => entry.Command is "adit");
        return (adit.Pid, new FileInfo($"/proc/{adit.Pid}/fd/0").LinkTarget!);
    }

    private static Task<string> SettingsAsync(string path) => ChildProcess.RunAsync(new("stty", "-F", path, "-a"));

    private static async Task UntilEchoAsync(string path, bool echo)
    {
        var settings = await SettingsAsync(path);
        for (var i = 0; i < 300 && settings.Contains(" echo ", StringComparison.Ordinal) != echo; i++)
        {
            await Task.Delay(50);
            settings = await SettingsAsync(path);
        }
        Assert.Contains(echo ? " echo " : " -echo ", settings, StringComparison.Ordinal);
    }

    private static async Task TypeAsync(ChildProcess terminal, string line)
    {
        await terminal.Input.WriteAsync(line + "\n");
        await terminal.Input.FlushAsync();
    }
}
