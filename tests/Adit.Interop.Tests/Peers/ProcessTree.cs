using System.Globalization;
using System.Runtime.InteropServices;

namespace Adit.Interop.Tests.Peers;

/// <summary>A process as /proc shows it. The start time tells it from a later one with the same number.</summary>
internal readonly record struct ProcessEntry(int Pid, int ParentPid, ulong StartTime, char State, string Command);

internal static partial class ProcessTree
{
    private const int Kill = 9;

    public static IReadOnlyList<ProcessEntry> All() =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(static path => Path.GetFileName(path))
            .Where(static name => char.IsAsciiDigit(name[0]))
            .Select(static name => Find(int.Parse(name, CultureInfo.InvariantCulture)))
            .OfType<ProcessEntry>()];

    public static ProcessEntry? Find(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null;
        }
        // proc(5): the command stands in parentheses and may itself hold some.
        var open = stat.IndexOf('(', StringComparison.Ordinal);
        var close = stat.LastIndexOf(')');
        var fields = stat[(close + 2)..].Split(' ');
        return new ProcessEntry(
            pid,
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            ulong.Parse(fields[19], CultureInfo.InvariantCulture),
            fields[0][0],
            stat[(open + 1)..close]);
    }

    public static IReadOnlyList<ProcessEntry> Descendants(int pid)
    {
        var byParent = All().ToLookup(static entry => entry.ParentPid);
        List<ProcessEntry> found = [.. byParent[pid]];
        for (var i = 0; i < found.Count; i++)
            found.AddRange(byParent[found[i].Pid]);
        return found;
    }

    /// <summary>The inodes of the sockets that a process holds; none where it is gone.</summary>
    public static IEnumerable<string> SocketsOf(int pid)
    {
        const string socket = "socket:[";
        foreach (var target in Descriptors(pid))
        {
            if (target.StartsWith(socket, StringComparison.Ordinal))
                yield return target[socket.Length..^1];
        }
    }

    /// <summary>What the descriptors of a process lead to; none where it is gone.</summary>
    public static IReadOnlyList<string> Descriptors(int pid)
    {
        List<string> found = [];
        try
        {
            foreach (var file in new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos())
                found.Add(file.LinkTarget ?? "");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It, or one of its descriptors, is gone, or it is another user's.
        }
        return found;
    }

    public static bool IsAlive(ProcessEntry entry) =>
        Find(entry.Pid) is { State: not ('Z' or 'X') } now && now.StartTime == entry.StartTime;

    public static void KillIfAlive(ProcessEntry entry)
    {
        if (IsAlive(entry))
            _ = SendSignal(entry.Pid, Kill);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int SendSignal(int pid, int signal);
}
