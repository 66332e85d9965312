using System.Diagnostics;

namespace Adit.Bench.Tls;

/// <summary>Certificates of <c>adit cert</c>.</summary>
internal static class AditCert
{
    /// <exception cref="BenchException">It fails.</exception>
    public static async Task RunAsync(string adit, params string[] arguments)
    {
        var start = new ProcessStartInfo(adit, ["cert", .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new BenchException($"adit cert returned {process.ExitCode}");
    }
}
