using System.Globalization;
using System.Net;

namespace Adit.Cli.Tests.Doctor;

/// <summary>A folder in the form of /proc, and a home, with what a test puts there.</summary>
internal sealed class MadeUpMachine : IDisposable
{
    /// <summary>The user whose machine it is.</summary>
    public const uint User = 1000;

    private const string TcpHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adit-doctor.");

    public MadeUpMachine()
    {
        Directory.CreateDirectory(Path.Join(Proc, "net"));
        Directory.CreateDirectory(SshFolder);
        File.WriteAllText(Path.Join(Proc, "stat"), "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n");
        File.WriteAllText(Path.Join(Proc, "net/tcp"), TcpHeading);
        File.WriteAllText(Path.Join(Proc, "net/tcp6"), TcpHeading);
        File.WriteAllText(Path.Join(Proc, "net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n");
        Add(1, parent: 0, session: 1, "init", "/sbin/init");
    }

    public string Proc => Path.Join(_folder.FullName, "proc");

    public string Home => Path.Join(_folder.FullName, "home");

    public string SshFolder => Path.Join(Home, ".ssh");

    public string SystemFolder => Path.Join(_folder.FullName, "etc");

    /// <summary>Adds a process; arguments are words without blanks.</summary>
    public void Add(int pid, int parent, int session, string name, string commandLine, bool hasTerminal = false, uint owner = User, params IReadOnlyList<ulong> sockets)
    {
        string folder = Directory.CreateDirectory(Path.Join(Proc, pid.ToString(CultureInfo.InvariantCulture))).FullName;
        string terminal = hasTerminal ? "34816" : "0";
        File.WriteAllText(Path.Join(folder, "stat"), string.Create(CultureInfo.InvariantCulture,
            $"{pid} ({name}) S {parent} {pid} {session} {terminal} -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 {pid * 100} 3933176 383\n"));
        File.WriteAllText(Path.Join(folder, "status"), string.Create(CultureInfo.InvariantCulture, $"Name:\t{name}\nUid:\t{owner}\t{owner}\t{owner}\t{owner}\n"));
        File.WriteAllText(Path.Join(folder, "comm"), name + "\n");
        File.WriteAllText(Path.Join(folder, "cmdline"), commandLine.Replace(' ', '\0') + "\0");
        Directory.CreateDirectory(Path.Join(folder, "fd"));
        for (int i = 0; i < sockets.Count; i++)
            File.CreateSymbolicLink(Path.Join(folder, "fd", (i + 3).ToString(CultureInfo.InvariantCulture)), string.Create(CultureInfo.InvariantCulture, $"socket:[{sockets[i]}]"));
    }

    public void SetEnvironment(int pid, params IReadOnlyList<string> variables) =>
        File.WriteAllText(Path.Join(Proc, pid.ToString(CultureInfo.InvariantCulture), "environ"), string.Join('\0', variables) + "\0");

    public void Listen(string address, int port, ulong inode, uint owner = User)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        for (int i = 0; i < bytes.Length; i += 4)
            Array.Reverse(bytes, i, 4);
        string zero = new('0', bytes.Length * 2);
        File.AppendAllText(Path.Join(Proc, bytes.Length == 4 ? "net/tcp" : "net/tcp6"), string.Create(CultureInfo.InvariantCulture,
            $"   0: {Convert.ToHexString(bytes)}:{port:X4} {zero}:0000 0A 00000000:00000000 00:00000000 00000000 {owner,5}        0 {inode} 1 0000000000000000 100 0 0 10 0\n"));
    }

    public void ListenUnix(string path, ulong inode) =>
        File.AppendAllText(Path.Join(Proc, "net/unix"), string.Create(CultureInfo.InvariantCulture, $"0000000000000000: 00000002 00000000 00010000 0001 01 {inode} {path}\n"));

    public void Dispose() => _folder.Delete(recursive: true);
}
