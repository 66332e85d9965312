using System.Diagnostics;

namespace Adit.Bench.Servers;

/// <summary>dropbear's server, and what its client needs to log in to it.</summary>
/// <remarks>
/// It looks for keys in the home of a user of this machine and nowhere else, so it runs in a mount namespace in which root's home is a folder of the
/// benchmark. All of /etc is: a mount over the file of users alone goes away when another one is made.
/// </remarks>
internal sealed class Dropbear : IDisposable
{
    private static readonly string[] Programs = ["dropbear", "dbclient", "dropbearkey", "dropbearconvert", "unshare"];

    private Dropbear(ServerProcess server, string identity) => (Server, Identity) = (server, identity);

    public ServerProcess Server { get; }

    /// <summary>The user's key, in dropbear's form.</summary>
    public string Identity { get; }

    /// <summary>Starts it.</summary>
    /// <returns>Null and why, where it cannot be had on this machine.</returns>
    public static async Task<(Dropbear? Running, string Missing)> TryStartAsync(ServerFolder folder)
    {
        if (Programs.FirstOrDefault(static program => Find(program) is null) is { } missing)
            return (null, $"{missing} is missing: apt-get install dropbear-bin");
        string root = Path.Combine(folder.Path, "dropbear");
        string home = MakePrivate(Path.Combine(root, "home"));
        string keys = Path.Combine(MakePrivate(Path.Combine(home, ".ssh")), "authorized_keys");
        File.Copy(folder.KeyFile(Environment.UserName) + ".pub", keys);
        File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string etc = MakePrivate(Path.Combine(root, "etc"));
        await File.WriteAllTextAsync(Path.Combine(etc, "passwd"), $"root:x:0:0:root:{home}:/bin/sh\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "group"), "root:x:0:\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "shells"), "/bin/sh\n");
        await File.WriteAllTextAsync(Path.Combine(etc, "nsswitch.conf"), "passwd: files\ngroup: files\nshadow: files\n");
        string hostKey = Path.Combine(root, "host"), identity = Path.Combine(root, "identity");
        try
        {
            await RunAsync("dropbearkey", "-t", "ed25519", "-f", hostKey);
            await RunAsync("dropbearconvert", "openssh", "dropbear", folder.KeyFile(Environment.UserName), identity);
            string port = ServerFolder.FreePort();
            // With -E it says so on standard error, when it listens.
            ServerProcess server = await ServerProcess.StartAsync(
                "dropbear", port, "Not backgrounding", Find("unshare")!,
                "--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\"", etc,
                Find("dropbear")!, "-F", "-E", "-r", hostKey, "-P", Path.Combine(root, "pid"), "-p", $"127.0.0.1:{port}");
            return (new(server, identity), string.Empty);
        }
        catch (BenchException e)
        {
            return (null, e.Message);
        }
    }

    public void Dispose() => Server.Dispose();

    private static string MakePrivate(string path) =>
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    // Servers are not on every user's path.
    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
        .Concat(["/usr/sbin", "/usr/bin"]).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(program)!, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new BenchException($"{program} returned {process.ExitCode}: {await errors}");
    }
}
