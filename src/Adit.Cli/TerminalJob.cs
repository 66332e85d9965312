using System.Runtime.InteropServices;
using System.Runtime.Versioning;

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

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();

    [LibraryImport("libc", EntryPoint = "getsid", SetLastError = true)]
    private static partial int SessionOf(int process);

    [LibraryImport("libc", EntryPoint = "getpgid", SetLastError = true)]
    private static partial int GroupOf(int process);
}
