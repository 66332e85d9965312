using System.Globalization;

namespace Adit.Bench.Attacks;

/// <summary>What a process takes of the machine.</summary>
/// <param name="Threads">Its threads.</param>
/// <param name="Descriptors">Its open files and sockets.</param>
/// <param name="Memory">What is resident of it, in bytes.</param>
/// <param name="MostMemory">The most that ever was.</param>
internal readonly record struct ProcessUse(int Threads, int Descriptors, long Memory, long MostMemory)
{
    private const long Mebibyte = 1024 * 1024;

    public static ProcessUse Of(int process)
    {
        // proc_pid_status(5)
        IEnumerable<string[]> fields = File.ReadLines($"/proc/{process}/status").Select(static line => line.Split([':', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        Dictionary<string, long> numbers = fields.Where(static field => field[0] is "Threads" or "VmRSS" or "VmHWM")
            .ToDictionary(static field => field[0], static field => long.Parse(field[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        return new((int)numbers["Threads"], Directory.EnumerateFiles($"/proc/{process}/fd").Count(), numbers["VmRSS"] * 1024, numbers["VmHWM"] * 1024);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Threads} threads, {Descriptors} descriptors, {Memory / Mebibyte} MiB, {MostMemory / Mebibyte} MiB at most");
}
