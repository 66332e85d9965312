using System.Buffers.Text;

namespace Adit.Platform;

/// <summary>What the kernel says of a process (/proc/PID/stat, proc(5)).</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Parent">Its parent; 0 where it has none in sight.</param>
/// <param name="Session">The process that began its session, and whose number nobody gets while the session has members; 0 where that is out of sight.</param>
/// <param name="Start">When it began, in clock ticks since the machine did: tells it from another one that got its number.</param>
/// <param name="HasEnded">Whether it only waits to be noticed by its parent.</param>
internal readonly record struct ProcessStatus(int Pid, int Parent, int Session, ulong Start, bool HasEnded)
{
    private const int MaxBytes = 1024;
    private const int MaxPath = 64;

    // Counted behind the name, which is in brackets and may itself contain anything.
    private const int StateField = 0;
    private const int ParentField = 1;
    private const int SessionField = 3;
    private const int StartField = 19;

    /// <summary>Looks; null where there is no such process, or it is hidden.</summary>
    internal static ProcessStatus? Look(int pid)
    {
        Span<byte> path = stackalloc byte[MaxPath];
        Span<byte> content = stackalloc byte[MaxBytes];
        int read = ProcessCalls.ReadFile(ProcFolder.Path(path, pid, "/stat\0"u8), content);
        return read > 0 ? Parse(pid, content[..read]) : null;
    }

    /// <summary>The numbers of all the processes of this moment that can be seen, the last ones first.</summary>
    internal static List<int> Numbers()
    {
        List<int> numbers = new(256);
        using ProcFolder processes = ProcFolder.Processes(stackalloc byte[16 * 1024]);
        while (processes.Next())
            numbers.Add(processes.Number);
        numbers.Reverse();
        return numbers;
    }

    /// <summary>All the processes of this moment that can be seen.</summary>
    internal static List<ProcessStatus> LookAtAll()
    {
        List<int> numbers = Numbers();
        List<ProcessStatus> all = new(numbers.Count);
        foreach (int pid in numbers)
        {
            if (Look(pid) is { } process)
                all.Add(process);
        }
        return all;
    }

    /// <summary>Reads the line; null where it does not follow the format.</summary>
    internal static ProcessStatus? Parse(int pid, ReadOnlySpan<byte> line)
    {
        int bracket = line.LastIndexOf(") "u8);
        if (bracket < 0)
            return null;
        line = line[(bracket + 2)..];
        int parent = 0;
        int session = 0;
        bool ended = false;
        for (int field = StateField; ; field++)
        {
            int end = line.IndexOf((byte)' ');
            ReadOnlySpan<byte> value = end < 0 ? line : line[..end];
            switch (field)
            {
                case StateField:
                    ended = value is [(byte)'Z' or (byte)'X'];
                    break;
                case ParentField when !Utf8Parser.TryParse(value, out parent, out int read) || read != value.Length:
                case SessionField when !Utf8Parser.TryParse(value, out session, out int used) || used != value.Length:
                    return null;
                case StartField:
                    return Utf8Parser.TryParse(value, out ulong start, out int taken) && taken == value.Length && end >= 0
                        ? new(pid, parent, session, start, ended)
                        : null;
            }
            if (end < 0)
                return null;
            line = line[(end + 1)..];
        }
    }
}
