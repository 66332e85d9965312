using System.Globalization;

namespace Adit.Bench.Servers;

/// <summary>Memory of a process and all that it started, from /proc/PID/smaps_rollup, in bytes.</summary>
/// <param name="Rss">What is resident, pages that are shared with others counted in full, and once for each process.</param>
/// <param name="Pss">What is resident, pages that are shared counted in proportion: the sums of processes are right.</param>
/// <param name="Processes">How many processes these are.</param>
internal readonly record struct ProcessMemory(long Rss, long Pss, int Processes)
{
    public static ProcessMemory OfTree(int root)
    {
        ProcessMemory sum = default;
        foreach (int pid in Tree(root))
        {
            if (Of(pid) is var (rss, pss))
                sum = new(sum.Rss + rss, sum.Pss + pss, sum.Processes + 1);
        }

        return sum;
    }

    private static (long Rss, long Pss)? Of(int pid)
    {
        try
        {
            long rss = 0;
            long pss = 0;
            foreach (string line in File.ReadLines($"/proc/{pid}/smaps_rollup"))
            {
                if (line.StartsWith("Rss:", StringComparison.Ordinal))
                    rss = Kilobytes(line);
                else if (line.StartsWith("Pss:", StringComparison.Ordinal))
                    pss = Kilobytes(line);
            }

            return (rss, pss);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has just ended
        }
    }

    private static long Kilobytes(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    /// <summary>A process and all that it started.</summary>
    public static List<int> Tree(int root)
    {
        ILookup<int, int> children = Directory.EnumerateDirectories("/proc")
            .Select(static path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(static pid => pid > 0)
            .ToLookup(Parent);
        List<int> tree = [root];
        for (int i = 0; i < tree.Count; i++)
            tree.AddRange(children[tree[i]]);
        return tree;
    }

    private static int Parent(int pid)
    {
        try
        {
            // proc(5): the command stands in parentheses and may itself hold some.
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
