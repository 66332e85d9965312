using System.Globalization;
using System.Text.RegularExpressions;
using Adit.Interop.Tests.Peers;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Cli;

/// <summary>
/// A shell with job control on a terminal of tmux: what is typed goes to it as from a keyboard, and what it shows is read from its screen.
/// It ends with the test process.
/// </summary>
internal sealed class SessionTerminal : IAsyncDisposable
{
    private const string Prompt = "here> ";

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(40);

    private readonly ChildProcess _tmux;
    private readonly string _folder;
    private string _screen = "";

    private SessionTerminal(ChildProcess tmux, string folder) => (_tmux, _folder) = (tmux, folder);

    /// <summary>The path of its device.</summary>
    public string Device { get; private set; } = "";

    /// <summary>What it showed when it was last looked at.</summary>
    public string Log => $"--- the terminal\n{_screen}\n{_tmux.Log}";

    private string Socket => Path.Combine(_folder, "socket");

    public static async Task<SessionTerminal> StartAsync(int columns = 100, int rows = 30)
    {
        var folder = RunFolder.Create("terminal");
        var config = Path.Combine(folder, "tmux.conf");
        await File.WriteAllLinesAsync(config, ["set -g status off", "set -g history-limit 5000", "set -sg escape-time 0"]);
        var tmux = await ChildProcess.StartAsync(new("tmux", "-D", "-S", Path.Combine(folder, "socket"), "-f", config)
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TMUX"] = null, ["TERM"] = "xterm", ["LC_ALL"] = "C.UTF-8" },
        });
        var terminal = new SessionTerminal(tmux, folder);
        await Patience.UntilAsync(() => tmux.HasExited || File.Exists(terminal.Socket), "tmux should listen", () => tmux.Log);
        await terminal.TellAsync("new-session", "-d", "-x", Text(columns), "-y", Text(rows), $"exec env -u ENV -u TMUX PS1='{Prompt}' /bin/sh -i");
        terminal.Device = (await terminal.TellAsync("display-message", "-p", "#{pane_tty}")).Trim();
        await terminal.ShowsAsync($"^{Prompt}");
        return terminal;
    }

    /// <summary>Types a text, without a newline.</summary>
    public Task TypeAsync(string text) => TellAsync("send-keys", "-l", "--", text);

    /// <summary>Types a line.</summary>
    public Task EnterAsync(string line) => TellAsync("send-keys", "-l", "--", line + "\r");

    /// <summary>Presses a key, as tmux(1) names it.</summary>
    public Task PressAsync(string key) => TellAsync("send-keys", key);

    /// <summary>Makes the window another size.</summary>
    public Task ResizeAsync(int columns, int rows) => TellAsync("resize-window", "-x", Text(columns), "-y", Text(rows));

    /// <summary>What is visible now.</summary>
    public async Task<string> ScreenAsync() => _screen = await TellAsync("capture-pane", "-p", "-J");

    /// <summary>All that was shown, as far as lines were not overwritten.</summary>
    public async Task<string> AllAsync() => _screen = await TellAsync("capture-pane", "-p", "-J", "-S", "-");

    /// <summary>Waits until this has been shown, and gives the last of the matches.</summary>
    public Task<Match> ShowsAsync(string pattern) => ShowsAsync(pattern, 1);

    /// <summary>Waits until this has been shown so many times, and gives the last of the matches.</summary>
    public async Task<Match> ShowsAsync(string pattern, int times)
    {
        var regex = new Regex(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        MatchCollection? found = null;
        await UntilAsync(async () => (found = regex.Matches(await AllAsync())).Count >= times, $"the terminal should show /{pattern}/ {times} times");
        return found![^1];
    }

    /// <summary>Waits for what only the terminal knows.</summary>
    public async Task UntilAsync(Func<Task<bool>> reached, string what)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!await reached())
        {
            if (waited.Elapsed > Patience.Bound)
                throw new XunitException($"waited {Patience.Bound.TotalSeconds:0} s in vain: {what}\n{Log}");
            await Task.Delay(Step);
        }
    }

    /// <summary>Its settings, as stty(1) shows them.</summary>
    public Task<string> SettingsAsync() => ChildProcess.RunAsync(new("stty", "-F", Device, "-a"));

    /// <summary>Waits until the settings are these.</summary>
    public Task UntilSettingsAsync(string settings) =>
        UntilAsync(async () => await SettingsAsync() == settings, $"the terminal's settings should be\n{settings}");

    /// <summary>Runs the client under test in the shell, and then has the shell tell its exit code: see <see cref="EndsAsync"/>.</summary>
    public async Task RunAsync(params IReadOnlyList<string> arguments)
    {
        var words = ((IEnumerable<string>)[await ProgramAsync(), .. arguments]).Select(static word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'");

        // A script, so that the screen is not full of it; the shell sees one job that is the client itself.
        var script = Path.Combine(RunFolder.Create("run"), "run");
        await File.WriteAllTextAsync(script, $"exec {string.Join(' ', words)}\n");
        await EnterAsync($"sh {script}; echo ended=$?");
    }

    /// <summary>Waits for the end of what <see cref="RunAsync"/> began.</summary>
    public async Task<int> EndsAsync() => int.Parse((await ShowsAsync(@"ended=(\d+)")).Groups[1].Value, CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await _tmux.DisposeAsync();
        RunFolder.Remove(_folder);
    }

    private static Task<string> ProgramAsync() =>
        Environment.GetEnvironmentVariable("ADIT_TEST_CLIENT") is { Length: > 0 } other ? Task.FromResult(other) : AditProcess.BuiltAsync();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Task<string> TellAsync(params string[] words) => ChildProcess.RunAsync(new("tmux", ["-S", Socket, .. words]));
}
