using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Gateway.Serving;

/// <summary>
/// This process ignores SIGPIPE, and a program that it starts would too: a shell's loop into a closed pipe would then go on for ever.
/// env(1) of coreutils undoes that.
/// </summary>
internal static class DefaultSignals
{
    private static readonly string[] Env = ["/usr/bin/env", "--default-signal=PIPE"];

    private static readonly Lazy<string[]> Found = new(static () => Works() ? Env : []);

    /// <summary>The words in front of a program; none where there is no such env.</summary>
    public static string[] Prefix => Found.Value;

    private static bool Works()
    {
        try
        {
            using Process probe = Process.Start(new ProcessStartInfo(Env[0], [Env[1], "true"])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
            })!;
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
