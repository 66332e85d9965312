using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The real dropbear server. It admits the user key of the tests as root.</summary>
/// <remarks>
/// It looks for authorized keys in the user's home and nowhere else, so it runs in a mount namespace in which root's home is a folder of the
/// test. All of /etc is the test's: a mount over the file of passwords alone goes away when another test makes a user.
/// </remarks>
internal sealed class DropbearPeer : IAsyncDisposable
{
    public const string User = "root";

    private readonly ChildProcess _process;
    private readonly string _folder;

    private DropbearPeer(ChildProcess process, string folder, int port, string hostKey) =>
        (_process, _folder, Port, HostKey) = (process, folder, port, hostKey);

    public int Port { get; }

    /// <summary>The line of its public key.</summary>
    public string HostKey { get; }

    public string Log => _process.Log;

    public static async Task<DropbearPeer> StartAsync()
    {
        var folder = RunFolder.Create("dropbear");
        var home = Path.Combine(folder, "home");
        Directory.CreateDirectory(Path.Combine(home, ".ssh"), (UnixFileMode)0b111_000_000);
        var keys = Path.Combine(home, ".ssh", "authorized_keys");
        await File.WriteAllTextAsync(keys, (await SshClientFiles.UserKeyAsync()).PublicLine + "\n");
        File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(home, (UnixFileMode)0b111_000_000);
        var hostKey = Path.Combine(folder, "host_key");
        var printed = await ChildProcess.RunAsync(new("dropbearkey", "-t", "ed25519", "-f", hostKey));
        var etc = Path.Combine(folder, "etc");
        Directory.CreateDirectory(etc);
        await File.WriteAllTextAsync(Path.Combine(etc, "passwd"), $"root:x:0:0:root:{home}:/bin/sh\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "group"), "root:x:0:\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "shells"), "/bin/sh\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "nsswitch.conf"), "passwd: files\ngroup: files\nshadow: files\n");

        var port = LoopbackPort.Free();
        var process = await ChildProcess.StartAsync(new(
            "unshare", "--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec dropbear \"$@\"", etc,
            "-F", "-E", "-r", hostKey, "-P", Path.Combine(folder, "pid"), "-p", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")));
        await LoopbackPort.UntilListeningAsync(port, process);
        return new(process, folder, port, printed.Split('\n').Single(static line => line.StartsWith("ssh-ed25519 ", StringComparison.Ordinal)));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        RunFolder.Remove(_folder);
    }
}
