using System.Diagnostics;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>The real sshd, asked what it makes of a configuration.</summary>
internal static class Sshd
{
    private const string Program = "/usr/sbin/sshd";

    /// <summary>Makes the host key without which sshd does not start.</summary>
    internal static async Task<string> MakeHostKey(string folder)
    {
        string path = Path.Join(folder, "host_key");
        (int code, _, string errors) = await Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path);
        Assert.True(code == 0, errors);
        return path;
    }

    internal static async Task<ILookup<string, string>> Effective(params string[] arguments)
    {
        (int code, string output, string errors) = await Run(Program, ["-T", .. arguments]);
        Assert.True(code == 0, errors);
        return ToLookup(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    internal static async Task<string> Errors(params string[] arguments) => (await Run(Program, ["-T", .. arguments])).Errors;

    internal static ILookup<string, string> ToLookup(IEnumerable<string> lines) =>
        lines.Select(line => line.Split(' ', 2)).ToLookup(words => words[0], words => words.ElementAtOrDefault(1) ?? "", StringComparer.Ordinal);

    private static async Task<(int Code, string Output, string Errors)> Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }
}
