using System.Globalization;
using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>The CPU time of processes, from /proc/PID/stat.</summary>
internal static class ProcessCpu
{
    // sysconf(_SC_CLK_TCK) on every Linux.
    private const double Ticks = 100;

    /// <summary>Seconds of a process, of all that it started, and of those of them that have ended and were waited for.</summary>
    public static double OfTree(int root) => ProcessMemory.Tree(root).Sum(Of);

    private static double Of(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // proc(5): utime, stime, cutime, cstime are the fields 14 to 17; the first one here is the third.
            return fields[11..15].Sum(static field => long.Parse(field, CultureInfo.InvariantCulture)) / Ticks;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
