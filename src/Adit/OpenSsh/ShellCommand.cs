using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>Runs a command by the user's shell, as Match exec has it: without input, its output thrown away, its errors shown.</summary>
internal static class ShellCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Whether the command ended with 0.</summary>
    /// <exception cref="FormatException">It could not run, or did not end within 30 s.</exception>
    internal static bool Succeeds(string command) => Succeeds(command, Limit);

    /// <summary>Whether the command ended with 0.</summary>
    /// <exception cref="FormatException">It could not run, or did not end in time.</exception>
    internal static bool Succeeds(string command, TimeSpan limit)
    {
        string shell = Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } own ? own : "/bin/sh";
        // The outer shell only opens /dev/null, for which .NET has no word, and makes way for the user's.
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$0\" -c \"$1\" </dev/null >/dev/null", shell, command]) { UseShellExecute = false };
        try
        {
            using Process process = Process.Start(start)!;
            if (process.WaitForExit(limit))
                return process.ExitCode == 0;
            process.Kill(entireProcessTree: true);
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture, $"the command did not end within {limit.TotalSeconds:0.#} s: \"{command}\""));
        }
        catch (Win32Exception e)
        {
            throw new FormatException($"the shell {shell} cannot be run: {e.Message}", e);
        }
    }
}
