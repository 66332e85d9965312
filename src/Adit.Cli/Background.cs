using System.Diagnostics;
using Adit.Relay;

namespace Adit.Cli;

/// <summary>
/// Goes on in a process of its own, without a terminal, once that is ready: what sshd does unless it is told to stay. It is never done
/// unasked, and the process that stays behind is named.
/// </summary>
internal static class Background
{
    private const string Mark = "ADIT_BACKGROUND";
    private const string Ready = "ready";

    /// <summary>Whether this is the process that goes on.</summary>
    public static bool IsChild { get; } = Environment.GetEnvironmentVariable(Mark) is not null;

    /// <summary>Starts this command again as the process that goes on. Its exit code, if it ends before it is ready; else zero.</summary>
    public static async Task<int> StartAsync(IReadOnlyList<string> args)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["gateway", .. args])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Mark] = "1";
        using Process child = Process.Start(start)!;
        child.StandardInput.Close();
        Task said = child.StandardError.BaseStream.CopyToAsync(Console.OpenStandardError());
        if (await child.StandardOutput.ReadLineAsync() is Ready)
        {
            await Console.Error.WriteLineAsync($"adit: the gateway goes on in the background as process {child.Id}");
            return 0;
        }

        await child.WaitForExitAsync();
        await said;
        return child.ExitCode;
    }

    /// <summary>Tells the process that waits, if this is one that goes on.</summary>
    public static async ValueTask ReadyAsync()
    {
        if (!IsChild)
            return;
        if (!OperatingSystem.IsWindows())
            _ = LinuxCalls.BeginSession();
        await Console.Out.WriteLineAsync(Ready);
        await Console.Out.FlushAsync();
    }
}
