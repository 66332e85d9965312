using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// Starts adit as a user does. <c>ADIT_TEST_CLIENT</c> may name another program in its place: with <c>/usr/bin/ssh</c> the tests
/// of the common command line show what they expect of the yardstick itself.
/// </summary>
internal static class AditProcess
{
    private static readonly Lazy<Task<string>> Built = new(BuildAsync);

    private static readonly string? Other = Environment.GetEnvironmentVariable("ADIT_TEST_CLIENT") is { Length: > 0 } program ? program : null;

    /// <summary>Whether adit is under test, and not a yardstick.</summary>
    public static bool IsAdit => Other is null;

    /// <summary>Ends the process with its connection, as ssh always does.</summary>
    public static IReadOnlyList<string> WithoutReconnect { get; } = IsAdit ? ["-o", "AditReconnect=no"] : [];

    /// <summary>The path of the program under test, for others to start.</summary>
    public static Task<string> ProgramAsync() => Other is null ? Built.Value : Task.FromResult(Other);

    /// <summary>The path of adit itself.</summary>
    public static Task<string> BuiltAsync() => Built.Value;

    public static async Task<ChildProcess> StartAsync(ChildProcessStart start) =>
        await ChildProcess.StartAsync(start with { Program = await ProgramAsync() });

    public static Task<ChildProcess> StartAsync(params IReadOnlyList<string> arguments) => StartAsync(new ChildProcessStart("", arguments));

    /// <summary>Starts it on a terminal of its own: prompts come on <see cref="ChildProcess.Output"/>, answers go to its input.</summary>
    public static async Task<ChildProcess> StartOnTerminalAsync(params IReadOnlyList<string> arguments)
    {
        // A shell that stays would answer the keys of the terminal too: dash ends by SIGINT whatever its command returned.
        var command = "exec " + string.Join(' ', ((IEnumerable<string>)[await ProgramAsync(), .. arguments])
            .Select(static word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        return await ChildProcess.StartAsync(new("script", "--quiet", "--return", "--command", command, "/dev/null")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TERM"] = "xterm" },
        });
    }

    // The script of the root folder builds what is newer than the last build, so the tests see the sources as they stand.
    private static async Task<string> BuildAsync()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Adit.slnx")))
            root = Path.GetDirectoryName(root) ?? throw new XunitException("the tests do not run inside a checkout");
        var script = Path.Combine(root, "adit");
        await using var build = await ChildProcess.StartAsync(new(script, "--version"));
        build.Input.Close();
        var ended = build.WaitForExitAsync();
        if (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMinutes(4))) != ended || await ended != 0)
            throw new XunitException($"./adit --version failed\n{build.Log}");
        return script;
    }
}
