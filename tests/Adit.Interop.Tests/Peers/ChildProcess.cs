using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Adit.Platform;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

internal sealed record ChildProcessStart(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>Added to the environment; a null value removes the name.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    public string? WorkingFolder { get; init; }

    /// <summary>Further words for setpriv(1), such as another user.</summary>
    public IReadOnlyList<string> Privileges { get; init; } = [];

    /// <summary>Leaves standard output to the caller, as bytes.</summary>
    public bool RawOutput { get; init; }
}

/// <summary>A program run by a test. It dies with the test process, whatever way that one ends.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // The kernel sends the parent-death signal when the starting *thread* ends, so that one has to last.
    private static readonly BlockingCollection<Action> Starts = [];

    // What a developer's session may hold, and a test must not depend on; setsid(1) takes away the terminal.
    private static readonly string[] Ambient = ["SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE"];

    private readonly Process _process;
    private readonly Task _readers;
    private readonly Task<int> _exit;

    static ChildProcess() => new Thread(static () =>
    {
        foreach (var start in Starts.GetConsumingEnumerable())
            start();
    })
    { IsBackground = true, Name = "child starter" }.Start();

    private ChildProcess(string name, Process process, bool rawOutput)
    {
        Name = name;
        _process = process;
        Entry = ProcessTree.Find(process.Id) ?? new ProcessEntry(process.Id, 0, 0, 'X', name);
        if (rawOutput)
            Output.End();
        _readers = Task.WhenAll(
            rawOutput ? Task.CompletedTask : ReadAsync(process.StandardOutput, Output),
            ReadAsync(process.StandardError, Error));
        _exit = ExitCodeAsync(process);
    }

    public string Name { get; }

    public int Pid => Entry.Pid;

    public ProcessEntry Entry { get; }

    public Transcript Output { get; } = new();

    public Transcript Error { get; } = new();

    public StreamWriter Input => _process.StandardInput;

    public Stream RawOutput => _process.StandardOutput.BaseStream;

    public bool HasExited => _exit.IsCompleted || !ProcessTree.IsAlive(Entry);

    /// <summary>All that is known of this process, for the message of a failed test.</summary>
    public string Log =>
        $"--- {Name}, pid {Pid}, {(_exit.IsCompletedSuccessfully ? $"ended with {_exit.Result}" : "running")}\n--- its stdout:\n{Output.Text}\n--- its stderr:\n{Error.Text}";

    public static async Task<ChildProcess> StartAsync(ChildProcessStart start)
    {
        var info = new ProcessStartInfo("setpriv")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            WorkingDirectory = start.WorkingFolder ?? "/",
        };
        foreach (var word in (IEnumerable<string>)["--pdeathsig", "KILL", .. start.Privileges, "--", "setsid", start.Program, .. start.Arguments])
            info.ArgumentList.Add(word);
        foreach (var name in Ambient)
            info.Environment.Remove(name);
        foreach (var (name, value) in start.Environment)
            info.Environment[name] = value;

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
        });
        return new ChildProcess(Path.GetFileName(start.Program), await started.Task, start.RawOutput);
    }

    /// <summary>Runs a program to its end and expects success; gives its output.</summary>
    public static async Task<string> RunAsync(ChildProcessStart start, string input = "")
    {
        await using var child = await StartAsync(start);
        await child.Input.WriteAsync(input);
        child.Input.Close();
        var code = await child.ExitAsync();
        return code == 0 ? child.Output.Text : throw new XunitException($"{start.Program} returned {code}\n{child.Log}");
    }

    /// <summary>Waits for text on standard error; fails when the process ends without it.</summary>
    public Task<Match> ErrorAsync(string pattern) => FindAsync(Error, "stderr", pattern);

    /// <summary>Waits for text on standard output; fails when the process ends without it.</summary>
    public Task<Match> OutputAsync(string pattern) => FindAsync(Output, "stdout", pattern);

    /// <summary>Waits for the end, and for the last words before it.</summary>
    public async Task<int> ExitAsync()
    {
        return await WaitForExitAsync().WithinAsync($"{Name} should end", () => Log);
    }

    /// <summary>As <see cref="ExitAsync"/>, without its bound.</summary>
    public async Task<int> WaitForExitAsync()
    {
        var code = await _exit;
        // What it started in the background may hold its output open.
        await Task.WhenAny(_readers, Task.Delay(TimeSpan.FromSeconds(1)));
        return code;
    }

    public void Signal(PosixSignal signal) => Send(signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    });

    /// <summary>SIGKILL to this process alone; its children stay.</summary>
    public void Kill() => Send(9);

    public async ValueTask DisposeAsync()
    {
        var tree = ProcessTree.Descendants(Pid);
        Kill();
        foreach (var child in tree)
            ProcessTree.KillIfAlive(child);
        await _exit.WithinAsync($"{Name} should end after SIGKILL");
        _process.Dispose();
    }

    private void Send(int signal)
    {
        if (!HasExited)
            _ = ProcessTree.SendSignal(Pid, signal);
    }

    private async Task<Match> FindAsync(Transcript transcript, string stream, string pattern) =>
        await transcript.FindAsync(pattern).WithinAsync($"/{pattern}/ on {stream} of {Name}", () => Log)
        ?? throw new XunitException($"{Name} ended without /{pattern}/ on {stream}\n{Log}");

    private static async Task<int> ExitCodeAsync(Process process)
    {
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private static async Task ReadAsync(StreamReader reader, Transcript transcript)
    {
        var buffer = new char[4096];
        try
        {
            while (await reader.ReadAsync(buffer) is > 0 and var count)
                transcript.Append(buffer.AsSpan(0, count));
        }
        catch (ObjectDisposedException)
        {
            // The process was disposed of; what it said until then stays.
        }
        finally
        {
            transcript.End();
        }
    }
}
