using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Ssh.Keys;

namespace Adit.Bench.Servers;

/// <summary>A folder with the keys and the configuration of a server under test. It goes when it is disposed.</summary>
internal sealed class ServerFolder : IDisposable
{
    private ServerFolder(string path) => Path = path;

    public string Path { get; }

    public string HostKeyFile => System.IO.Path.Combine(Path, "host");

    /// <summary>The folder with one file of public keys for each user.</summary>
    public string Users => System.IO.Path.Combine(Path, "users");

    public static async Task<ServerFolder> CreateAsync(params IReadOnlyList<string> users)
    {
        var folder = new ServerFolder(Directory.CreateTempSubdirectory("adit-bench.").FullName);
        Directory.CreateDirectory(folder.Users);
        await KeygenAsync(folder.HostKeyFile);
        foreach (string user in users)
        {
            await KeygenAsync(folder.KeyFile(user));
            File.Copy(folder.KeyFile(user) + ".pub", System.IO.Path.Combine(folder.Users, user));
        }

        return folder;
    }

    public string KeyFile(string user) => System.IO.Path.Combine(Path, "key." + user);

    public SshPrivateKey Key(string user) => SshPrivateKey.Parse(File.ReadAllBytes(KeyFile(user)), KeyFile(user));

    public string HostKeyLine() => string.Join(' ', File.ReadAllText(HostKeyFile + ".pub").Split(' ')[..2]).Trim();

    public string Write(string name, params IEnumerable<string> lines)
    {
        string file = System.IO.Path.Combine(Path, name);
        File.WriteAllLines(file, lines);
        return file;
    }

    /// <summary>A port that nobody has at this moment.</summary>
    public static string FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static async Task KeygenAsync(string file)
    {
        using Process keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", string.Empty, "-C", string.Empty, "-f", file]);
        await keygen.WaitForExitAsync();
        if (keygen.ExitCode != 0)
            throw new BenchException($"ssh-keygen returned {keygen.ExitCode}");
    }
}
