using System.Diagnostics;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

/// <summary>The real ssh-agent in the foreground, ended by its id.</summary>
internal sealed class RealAgent : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private RealAgent(Process process, DirectoryInfo folder)
    {
        _process = process;
        _folder = folder;
    }

    public string SocketPath => Path.Combine(_folder.FullName, "s");

    public static async Task<RealAgent> StartAsync()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("adit-agent-");
        string socket = Path.Combine(folder.FullName, "s");
        Process process = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", socket]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var agent = new RealAgent(process, folder);

        // It prints the socket's path when it listens.
        string? line = await process.StandardOutput.ReadLineAsync().TestTime("ssh-agent");
        Assert.Contains(socket, line, StringComparison.Ordinal);
        return agent;
    }

    public Task AddAsync(string keyPath, params string[] options) => KeyFolder.RunAsync(
        "ssh-add", ["-q", .. options, keyPath], environment: new Dictionary<string, string>(StringComparer.Ordinal) { ["SSH_AUTH_SOCK"] = SocketPath });

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
