using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli;

/// <summary>This process as a job of a shell, credentials(7).</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class TerminalJob
{
    /// <summary>Whether no process of this session, outside of this job, is there to continue it once it is stopped.</summary>
    public static bool IsOrphaned()
    {
        int parent = ParentId();
        return SessionOf(parent) != SessionOf(0) || GroupOf(parent) == GroupOf(0);
    }

    /// <summary>Whether the keys of the terminal send their signals to this job.</summary>
    public static bool IsInForeground()
    {
        try
        {
            using SafeFileHandle terminal = File.OpenHandle("/dev/tty", FileMode.Open, FileAccess.Read);
            return ForegroundOf(terminal) == GroupOf(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Starts what continues this process when its shell has noticed that it is stopped.</summary>
    public static Process ContinueSoon() => Process.Start(new ProcessStartInfo(
        "/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"sleep 0.3; kill -CONT {Environment.ProcessId}")]) { UseShellExecute = false })!;

    [LibraryImport("libc", EntryPoint = "tcgetpgrp", SetLastError = true)]
    private static partial int ForegroundOf(SafeFileHandle terminal);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();

    [LibraryImport("libc", EntryPoint = "getsid", SetLastError = true)]
    private static partial int SessionOf(int process);

    [LibraryImport("libc", EntryPoint = "getpgid", SetLastError = true)]
    private static partial int GroupOf(int process);
}
