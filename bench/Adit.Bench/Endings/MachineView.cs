using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Adit.Bench.Servers;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Bench.Endings;

/// <summary>What is there at this moment: processes, ports, sockets.</summary>
internal static class MachineView
{
    private const string Listening = "0A";
    private const string TimeWait = "06";

    /// <summary>The living processes that were started with this text in their environment, whoever is their parent by now.</summary>
    public static List<int> ProcessesWith(string variable)
    {
        byte[] wanted = Encoding.ASCII.GetBytes($"\0{variable}\0");
        List<int> found = [];
        foreach (int pid in ProcessStatus.Numbers())
        {
            try
            {
                byte[] environment = [0, .. File.ReadAllBytes($"/proc/{pid}/environ"), 0];
                if (environment.AsSpan().IndexOf(wanted) >= 0 && ProcessStatus.Look(pid) is { HasEnded: false })
                    found.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has just ended, or is another user's.
            }
        }

        return found;
    }

    /// <summary>The living processes below another one.</summary>
    public static List<int> Descendants(int pid) => [.. ProcessMemory.Tree(pid).Skip(1).Where(static child => ProcessStatus.Look(child) is { HasEnded: false })];

    /// <summary>Whether a process is adit itself, and not the script that starts it.</summary>
    public static bool IsAdit(int pid) => new FileInfo($"/proc/{pid}/exe").LinkTarget is { } program && Path.GetFileName(program) == "adit";

    /// <summary>The name of a process's program; empty for one that ends.</summary>
    public static string NameOf(int pid)
    {
        try
        {
            return Path.GetFileName(File.ReadAllText($"/proc/{pid}/cmdline").Split('\0')[0]);
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    /// <summary>The children of a process.</summary>
    public static IEnumerable<int> Children(int pid) => ProcessStatus.LookAtAll().Where(process => process.Parent == pid && !process.HasEnded).Select(static process => process.Pid);

    /// <summary>Whether somebody listens on a TCP port; nobody is connected to.</summary>
    public static bool IsListening(int port) => Rows().Any(row => row.Port == port && row.State == Listening);

    /// <summary>How many connections there are to a port of this machine, at its end.</summary>
    public static int ConnectionsTo(int port) => Rows().Count(row => row.Port == port && row.State is not (Listening or TimeWait));

    /// <summary>The sockets below a folder at which somebody answers.</summary>
    public static IEnumerable<string> AnsweringBelow(string folder) => FilesBelow(folder).Where(Answers);

    /// <summary>Whether somebody answers at a socket.</summary>
    public static bool Answers(string path) => UnixFile.Look(path) is { IsSocket: true } && UnixSocketFile.Answers(new UnixDomainSocketEndPoint(path));

    /// <summary>All files below a folder, and private folders that are empty.</summary>
    public static IEnumerable<string> FilesBelow(string folder)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        return Directory.EnumerateFiles(folder, "*", all).Concat(Directory.EnumerateDirectories(folder, "adit-*", SearchOption.AllDirectories));
    }

    // proc_pid_net(5)
    private static IEnumerable<(int Port, string State)> Rows() =>
        from path in (string[])["/proc/net/tcp", "/proc/net/tcp6"]
        where File.Exists(path)
        from line in File.ReadAllLines(path).Skip(1)
        let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        select (int.Parse(fields[1][(fields[1].IndexOf(':', StringComparison.Ordinal) + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture), fields[3]);
}
