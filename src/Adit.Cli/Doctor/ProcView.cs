using System.Globalization;
using System.Text;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Cli.Doctor;

/// <summary>One look at the processes of a machine and the sockets that listen on it (proc(5)).</summary>
internal sealed class ProcView
{
    private const int MaxProcesses = 100_000;
    private const int MaxDescriptors = 2_000_000;
    private const int MaxRows = 1_000_000;
    private const int MaxFile = 256 * 1024;
    private const long TicksPerSecond = 100; // USER_HZ, the same on every architecture that .NET runs on
    private const int TerminalField = 4;
    private const int FirstProcess = 1;
    private const string UserManager = "systemd";
    private const uint AcceptsConnections = 0x10000;
    private const string SocketLink = "socket:[";

    private readonly string _root;
    private readonly Dictionary<int, ProcProcess> _processes = [];
    private readonly Lazy<ILookup<ulong, int>> _holders;

    private ProcView(string root)
    {
        _root = root;
        _holders = new(LookAtDescriptors);
    }

    /// <summary>The processes.</summary>
    public IEnumerable<ProcProcess> Processes => _processes.Values;

    /// <summary>TCP sockets that listen.</summary>
    public required IReadOnlyList<ListeningSocket> Listeners { get; init; }

    /// <summary>Unix sockets with a file that listen.</summary>
    public required IReadOnlyList<ListeningUnixSocket> UnixListeners { get; init; }

    /// <summary>Looks.</summary>
    /// <param name="root">Where /proc is.</param>
    /// <exception cref="IOException">It is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be looked at.</exception>
    public static ProcView Look(string root = "/proc")
    {
        DateTimeOffset boot = BootTime(root);
        var view = new ProcView(root)
        {
            Listeners = [.. Tcp(Path.Combine(root, "net/tcp")), .. Tcp(Path.Combine(root, "net/tcp6"))],
            UnixListeners = [.. Rows(Path.Combine(root, "net/unix")).Select(ParseUnixRow).OfType<ListeningUnixSocket>()],
        };
        foreach (string folder in Directory.EnumerateDirectories(root).Take(MaxProcesses))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && view.Read(pid, boot) is { } process)
                view._processes.Add(pid, process);
        }

        return view;
    }

    /// <summary>A process; null where there is none in sight.</summary>
    public ProcProcess? Find(int pid) => _processes.GetValueOrDefault(pid);

    /// <summary>The processes that are seen to hold a socket.</summary>
    public IEnumerable<int> HoldersOf(ulong inode) => _holders.Value[inode];

    /// <summary>The TCP sockets on which a process listens.</summary>
    public IReadOnlyList<ListeningSocket> ListenersOf(int pid) => [.. Listeners.Where(socket => HoldersOf(socket.Inode).Contains(pid))];

    /// <summary>The Unix sockets on which a process listens.</summary>
    public IReadOnlyList<ListeningUnixSocket> UnixListenersOf(int pid) => [.. UnixListeners.Where(socket => HoldersOf(socket.Inode).Contains(pid))];

    /// <summary>Whether a process keeps its descriptors from being looked at. One that is gone does not.</summary>
    public bool IsClosed(int pid)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries(Folder(pid, "fd")).Any();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>A variable of the environment that a process began with; null where it has none, or it may not be seen.</summary>
    public string? Variable(int pid, string name) =>
        ReadText(Folder(pid, "environ"))?.Split('\0').FirstOrDefault(one => one.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <summary>Whether a service manager started the process itself, and so watches it.</summary>
    public bool IsService(int pid) => Variable(pid, "SYSTEMD_EXEC_PID") == pid.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Whether who started a process is gone. The kernel tells only who its parent is now: one with another session, though the process began none,
    /// has adopted it, as the first process and a user's service manager do.
    /// </summary>
    public bool IsOrphan(ProcProcess process)
    {
        ProcessStatus status = process.Status;
        if (Find(status.Parent) is not { } parent)
            return status.Parent == FirstProcess;
        return parent.Status.Session != status.Session && (parent.Pid == FirstProcess || parent.Name == UserManager || status.Session != process.Pid);
    }

    /// <summary>One line of net/unix; null for one that does not listen, has no file or does not follow the format.</summary>
    internal static ListeningUnixSocket? ParseUnixRow(string line)
    {
        string[] fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
        return fields is [_, _, _, var flags, _, _, var number, ['/', ..] and var path]
            && uint.TryParse(flags, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits) && (bits & AcceptsConnections) != 0
            && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? new(path, inode)
            : null;
    }

    private static IEnumerable<ListeningSocket> Tcp(string table) =>
        Rows(table).Select(static line => ProcNetTcp.ParseRow(line)).OfType<KernelSocket>()
            .Where(static socket => socket is { State: TcpState.Listen, Inode: not 0 })
            .Select(static socket => new ListeningSocket(socket.Local, socket.Uid, socket.Inode));

    private static IEnumerable<string> Rows(string table) => File.Exists(table) ? File.ReadLines(table).Take(MaxRows) : [];

    private static DateTimeOffset BootTime(string root)
    {
        string? line = Rows(Path.Combine(root, "stat")).FirstOrDefault(static line => line.StartsWith("btime ", StringComparison.Ordinal));
        return line is not null && long.TryParse(line.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new IOException($"{root}/stat does not tell when this machine began");
    }

    private ProcProcess? Read(int pid, DateTimeOffset boot)
    {
        if (ReadText(Folder(pid, "stat")) is not { } stat || ProcessStatus.Parse(pid, Encoding.UTF8.GetBytes(stat)) is not { HasEnded: false } status)
            return null;
        string[] behindName = stat[(stat.LastIndexOf(") ", StringComparison.Ordinal) + 2)..].Split(' ');
        string? owner = ReadText(Folder(pid, "status"))?.Split('\n').FirstOrDefault(static line => line.StartsWith("Uid:", StringComparison.Ordinal));
        if (owner?.Split('\t') is not [_, _, var effective, ..] || !uint.TryParse(effective, NumberStyles.None, CultureInfo.InvariantCulture, out uint uid))
            return null;
        string commandLine = (ReadText(Folder(pid, "cmdline")) ?? "").TrimEnd('\0');
        string name = (ReadText(Folder(pid, "comm")) ?? "").TrimEnd('\n');
        return new(status, behindName[TerminalField] != "0", uid, name, commandLine.Length == 0 ? [] : commandLine.Split('\0'))
        {
            Since = boot + TimeSpan.FromSeconds((double)status.Start / TicksPerSecond),
        };
    }

    private ILookup<ulong, int> LookAtDescriptors() => _processes.Keys
        .SelectMany(pid => SocketsOf(pid).Select(inode => (inode, pid)))
        .Take(MaxDescriptors)
        .ToLookup(static pair => pair.inode, static pair => pair.pid);

    private List<ulong> SocketsOf(int pid)
    {
        var sockets = new List<ulong>();
        Attempt(() =>
        {
            foreach (FileSystemInfo descriptor in new DirectoryInfo(Folder(pid, "fd")).EnumerateFileSystemInfos())
            {
                if (descriptor.LinkTarget is { } target && target.StartsWith(SocketLink, StringComparison.Ordinal)
                    && ulong.TryParse(target.AsSpan(SocketLink.Length).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
                {
                    sockets.Add(inode);
                }
            }

            return true;
        });
        return sockets;
    }

    private string Folder(int pid, string what) => Path.Combine(_root, pid.ToString(CultureInfo.InvariantCulture), what);

    // A process may go away or be closed to us at any moment.
    private static bool Attempt(Func<bool> look)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? ReadText(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] content = new byte[MaxFile];
            return Encoding.UTF8.GetString(content, 0, file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
