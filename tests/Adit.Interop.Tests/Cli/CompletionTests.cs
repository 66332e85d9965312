using System.Text.RegularExpressions;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>The scripts of <c>adit completion</c> in the real shells.</summary>
public sealed class CompletionTests : SessionTerminalTest, IDisposable
{
    // As bash itself calls the function: the words as it takes them apart, the part that it replaces, and the line.
    private const string Ask =
        """
        set -u
        source <(adit completion bash)
        COMP_LINE=$1 COMP_POINT=${#1} current=$2; shift 2
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _adit adit "$current" ''
        printf '%s\n' "${COMPREPLY[@]}"
        """;

    private readonly string _folder = RunFolder.Create("completion");

    public CompletionTests(ITestOutputHelper output)
        : base(output)
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".ssh"));
        File.WriteAllText(Path.Combine(_folder, ".ssh", "config"), "Host foo fancy\n");
        File.SetUnixFileMode(Path.Combine(_folder, ".ssh", "config"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(Path.Combine(_folder, "onlyfile"), "");
    }

    [AditTheory]
    [InlineData("adit gat", "gat", "adit|gat", "gateway")]
    [InlineData("adit -o Stric", "Stric", "adit|-o|Stric", "StrictHostKeyChecking=")]
    [InlineData("adit -o StrictHostKeyChecking=", "", "adit|-o|StrictHostKeyChecking|=", "yes no ask accept-new")]
    [InlineData("adit -o \"Stric", "Stric", "adit|-o|\"Stric", "StrictHostKeyChecking=")]
    [InlineData("adit -L 5432:", "", "adit|-L|5432|:", "localhost: foo: fancy:")]
    [InlineData("adit -L 5432:f", "f", "adit|-L|5432|:|f", "foo: fancy:")]
    [InlineData("adit -L 5432:foo:", "", "adit|-L|5432|:|foo|:", "5432")]
    [InlineData("adit joe@f", "@f", "adit|joe|@|f", "@foo @fancy")]
    [InlineData("adit joe@f", "f", "adit|joe|@|f", "foo fancy")]
    [InlineData("adit -J foo,joe@fa", "@fa", "adit|-J|foo,joe|@|fa", "@fancy")]
    [InlineData("adit --target-tls=verify-f", "verify-f", "adit|--target-tls|=|verify-f", "verify-full verify-full,direct verify-full,tls")]
    [InlineData("adit -o \"User joe\" -p 22 fa", "fa", "adit|-o|\"User joe\"|-p|22|fa", "fancy")]
    [InlineData("./adit   ssh fa", "fa", "./adit|ssh|fa", "fancy")]
    [InlineData("adit -i only", "only", "adit|-i|only", "")]
    [InlineData("adit nosuch", "nosuch", "adit|nosuch", "")]
    public async Task Bash_gets_what_replaces_the_part_of_a_word_behind_the_last_break(string line, string current, string words, string candidates)
    {
        await LinkAsync();
        string[] arguments = ["--norc", "-c", Ask, "bash", line, current, .. words.Split('|')];

        var answer = await ChildProcess.RunAsync(new("bash", arguments) { Environment = Variables(), WorkingFolder = _folder });

        Assert.Equal(candidates.Split(' '), answer.TrimEnd('\n').Split('\n'));
    }

    [AditTheory]
    [InlineData("bash --norc --noprofile", "source <(adit completion bash)")]
    [InlineData("zsh -f", "autoload -U compinit; compinit -u -D; source <(adit completion zsh)")]
    [InlineData("fish", "adit completion fish | source")]
    public async Task The_tab_key_completes_words_of_every_kind(string shell, string turnOn)
    {
        await LinkAsync();
        var terminal = await StartTerminalAsync();
        var variables = string.Join(' ', Variables().Select(static pair => $"{pair.Key}='{pair.Value}'"));
        await terminal.EnterAsync($"cd {_folder}; clear; exec env {variables} {shell}");
        await terminal.EnterAsync($"{turnOn}; echo read''y");
        await terminal.ShowsAsync("^ready");

        foreach (var (typed, completed) in new[]
                 {
                     ("adit gat", "adit gateway"),
                     ("~/adit gat", "~/adit gateway"),
                     ("adit joe@fa", "adit joe@fancy"),
                     ("adit -J foo,joe@fa", "adit -J foo,joe@fancy"),
                     ("adit -o stricth", "adit -o StrictHostKeyChecking="),
                     ("adit -o StrictHostKeyChecking=acc", "adit -o StrictHostKeyChecking=accept-new"),
                     ("adit -L 5432:fa", "adit -L 5432:fancy:"),
                     ("adit -L 5432:fancy:", "adit -L 5432:fancy:5432"),
                     ("adit --target-tls=require,t", "adit --target-tls=require,tls"),
                     ("adit -i only", "adit -i onlyfile"),
                     ("adit -o IdentityFile=only", "adit -o IdentityFile=onlyfile"),
                     ("adit run foo -- setpri", "adit run foo -- setpriv"),
                 })
        {
            await terminal.TypeAsync(typed);
            await terminal.PressAsync("Tab");
            await terminal.ShowsAsync(Regex.Escape(completed));
            // The words as the shell has them: what it merely suggests is none.
            await terminal.PressAsync("C-a");
            await terminal.EnterAsync("printf '<%s>' ");
            await terminal.ShowsAsync("^" + Regex.Escape(string.Concat(completed.Replace("~", _folder, StringComparison.Ordinal).Split(' ').Select(static word => $"<{word}>"))));
            await terminal.EnterAsync("clear");
        }
    }

    [AditFact]
    public async Task A_tunnel_that_runs_is_completed_by_its_number_and_destination_without_being_asked()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = _folder };
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync(new ChildProcessStart("", ["-F", files.ConfigPath, "-NL", $"{port}:127.0.0.1:1", SshClientFiles.Alias]) { Environment = environment });
        await LoopbackPort.UntilListeningAsync(port, adit);
        var socket = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "adit"), "*.sock"));

        // It is stopped, and so could not answer.
        await ChildProcess.RunAsync(new("kill", "-STOP", Path.GetFileNameWithoutExtension(socket)));
        var answer = await ChildProcess.RunAsync(new(await AditProcess.BuiltAsync(), "completion", "words", "--", "stop", "") { Environment = environment });

        Assert.Equal([Path.GetFileNameWithoutExtension(socket), SshClientFiles.Alias], answer.TrimEnd('\n').Split('\n'));
        Assert.True(File.Exists(socket));
    }

    [AditTheory]
    [InlineData(0, "words", "--", "-F", "/no/such", "")]
    [InlineData(0, "words", "--")]
    [InlineData(0, "zsh")]
    [InlineData(0, "--help")]
    [InlineData(255, "ksh")]
    [InlineData(0, "words", "x")]
    [InlineData(255)]
    public async Task Only_a_person_is_told_what_is_wrong(int code, params string[] arguments)
    {
        var adit = await StartAditAsync(new ChildProcessStart("", ["completion", .. arguments]) { Environment = Variables() });

        Assert.Equal(code, await adit.ExitAsync());
        Assert.Equal(code == 0, adit.Error.Text.Length == 0);
    }

    public void Dispose() => RunFolder.Remove(_folder);

    private async Task LinkAsync() => File.CreateSymbolicLink(Path.Combine(_folder, "adit"), await AditProcess.BuiltAsync());

    private Dictionary<string, string?> Variables() => new(StringComparer.Ordinal)
    {
        ["HOME"] = _folder,
        ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}",
    };
}
