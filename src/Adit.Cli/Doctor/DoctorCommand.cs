using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Adit.OpenSsh;
using Spectre.Console;

namespace Adit.Cli.Doctor;

/// <summary><c>adit doctor</c>: finds tunnels that leak, whatever program opened them, and ends them when it is asked to.</summary>
[SupportedOSPlatform("linux")]
internal static class DoctorCommand
{
    private const int NothingFound = 0;
    private const int Found = 1;
    private const int CouldNotLook = 2;

    // Wider than any line: the terminal breaks it, so that a command can be copied as a whole.
    private const int NoWidth = 16_384;

    private const string Description =
        """
        Finds what tunnels leave behind on this machine, whatever opened them: ssh
        with forwards that nobody watches, masters in the background, stale control
        sockets, adit's own without a limit, ports open to other machines or of two
        programs; in ~/.ssh keys open to others, and settings that weaken all.

        Exit code: 0 nothing found (or nothing left), 1 found, 2 could not look.
        """;

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments behind the command's name.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Root().Parse(["doctor", .. args]);
        try
        {
            int code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return parsed.Errors.Count > 0 ? CouldNotLook : code;
        }
        catch (Exception e) when (e is UsageException or IOException or UnauthorizedAccessException)
        {
            await StandardError.Writer.WriteLineAsync($"adit: {e.Message}");
            return CouldNotLook;
        }
        catch (OperationCanceledException)
        {
            return CouldNotLook;
        }
    }

    /// <summary>What can be written.</summary>
    internal static Command Root()
    {
        var which = new Argument<string[]>("WHICH") { Description = "Only what is about these processes (numbers) and files", Arity = ArgumentArity.ZeroOrMore };
        which.Validators.Add(static result =>
        {
            if (result.Tokens.FirstOrDefault(static token => !IsNumber(token.Value) && !Path.IsPathRooted(token.Value)) is { } wrong)
                result.AddError($"{wrong.Value} is neither an option, nor the number of a process, nor the whole path of a file");
        });
        var end = new Option<bool>("--end") { Description = "End tunnels left running, remove stale sockets; asks for each" };
        var yes = new Option<bool>("--yes", "-y") { Description = "With --end: do not ask" };
        var json = new Option<bool>("--json") { Description = "Print it as JSON, for programs" };
        var command = new Command("doctor", Description) { which, end, yes, json };
        command.SetAction((parsed, stop) => LookAsync(new(parsed.GetValue(which) ?? [], parsed.GetValue(end), parsed.GetValue(yes), parsed.GetValue(json)), stop));
        return new("adit", "Tunnels of this user") { new HelpOption { Recursive = true }, command };
    }

    private static bool IsNumber(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static async Task<int> LookAsync(Wishes wishes, CancellationToken stop)
    {
        if (wishes.Yes && !wishes.End)
            throw new UsageException("--yes goes with --end");
        Examination examination = await Examination.MakeAsync(new(ProcView.Look(), LocalUser.Current()), wishes.Which, stop);
        if (wishes.End)
            examination = examination with { Findings = await EndAsync(examination.Findings, wishes.Yes, stop) };
        if (wishes.Json)
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new(examination.Findings, examination.Unseen), DoctorJson.Default.DoctorResult));
        else
            DoctorReport.Write(OpenConsole(), examination, DateTimeOffset.UtcNow);
        return examination switch
        {
            _ when examination.Findings.Any(static finding => !finding.Ended) => Found,
            { IsIncomplete: true } => CouldNotLook,
            _ => NothingFound,
        };
    }

    private static async Task<IReadOnlyList<Finding>> EndAsync(IReadOnlyList<Finding> findings, bool unasked, CancellationToken stop)
    {
        var after = new List<Finding>();
        var ended = new HashSet<int>();
        foreach (Finding finding in findings)
        {
            Finding now = finding.Ending is { } ending && (unasked || await IsWantedAsync(finding, stop)) ? await EndAsync(finding, ending, stop) : finding;
            if (now is { Ended: true, Pid: { } pid })
                ended.Add(pid);
            after.Add(now);
        }

        // With its process, what else was found about it is gone.
        return [.. after.Select(finding => finding is { Kind: FindingKind.OpenToOthers or FindingKind.ShadowedPort, Pid: { } pid } && ended.Contains(pid)
            ? finding with { Ended = true, Outcome = "its process was ended" }
            : finding)];
    }

    private static async Task<Finding> EndAsync(Finding finding, IEnding ending, CancellationToken stop)
    {
        try
        {
            return finding with { Outcome = await ending.EndAsync(stop), Ended = true };
        }
        catch (EndingException e)
        {
            return finding with { Outcome = e.Message };
        }
    }

    private static async Task<bool> IsWantedAsync(Finding finding, CancellationToken stop)
    {
        using Terminal terminal = Terminal.TryOpen() ?? throw new UsageException("--end asks before it ends something, and there is no terminal; add --yes");
        byte[]? answer = await terminal.AskAsync($"{finding.What}\nEnd it ({finding.Command})? (yes/no) ", echo: true, stop);
        return answer is not null && Encoding.UTF8.GetString(answer).Trim().ToUpperInvariant() is "Y" or "YES";
    }

    // Colours are for terminals, and not for who says no to them (no-color.org).
    private static IAnsiConsole OpenConsole()
    {
        bool isPlain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new()
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = Console.IsOutputRedirected || isPlain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        console.Profile.Width = NoWidth;
        return console;
    }

    private sealed record Wishes(IReadOnlyCollection<string> Which, bool End, bool Yes, bool Json);
}
