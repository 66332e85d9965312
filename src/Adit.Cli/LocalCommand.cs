using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Cli;

/// <summary>What is run on this machine by the user's shell, ssh_config(5) LocalCommand and the escape's <c>!</c>: on the terminal, and to its end.</summary>
internal static class LocalCommand
{
    /// <summary>Runs it.</summary>
    /// <returns>What it returned.</returns>
    /// <exception cref="IOException">The shell cannot be run.</exception>
    public static async Task<int> RunAsync(string command, CancellationToken cancellationToken)
    {
        string shell = Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } own ? own : "/bin/sh";
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(shell, ["-c", command]) { UseShellExecute = false })!;
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            return process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new IOException($"the shell {shell} cannot be run: {e.Message}", e);
        }
    }
}
