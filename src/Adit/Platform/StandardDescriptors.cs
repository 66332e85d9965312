using System.Globalization;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>The descriptors of standard input, output and errors, which others at the far end of a pipe wait for.</summary>
[UnsupportedOSPlatform("windows")]
internal static class StandardDescriptors
{
    /// <summary>Standard output.</summary>
    internal const int Output = 1;

    /// <summary>Standard error.</summary>
    internal const int Error = 2;

    private const string Descriptors = "/proc/self/fd";
    private const int AccessMode = 3;

    /// <summary>
    /// Leads standard descriptors nowhere, so that who reads them sees their end. The runtime keeps copies of them, which would keep a pipe
    /// open; they are led nowhere too, unless another standard descriptor leads to the same pipe.
    /// </summary>
    internal static void LeadNowhere(params ReadOnlySpan<int> standard)
    {
        HashSet<string> targets = [];
        foreach (int descriptor in standard)
        {
            if (PipeOf(descriptor) is { } pipe)
                targets.Add(pipe);
        }

        for (int other = 0; other <= Error; other++)
        {
            if (!standard.Contains(other) && PipeOf(other) is { } needed)
                targets.Remove(needed);
        }

        if (targets.Count > 0)
        {
            foreach (int copy in Copies(targets))
                LinuxCalls.LeadNowhere(copy);
        }

        foreach (int descriptor in standard)
            LinuxCalls.LeadNowhere(descriptor);
    }

    private static List<int> Copies(HashSet<string> pipes)
    {
        var copies = new List<int>();
        foreach (string entry in Directory.EnumerateFileSystemEntries(Descriptors))
        {
            if (int.TryParse(Path.GetFileName(entry.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor)
                && descriptor > Error && PipeOf(descriptor) is { } pipe && pipes.Contains(pipe))
            {
                copies.Add(descriptor);
            }
        }

        return copies;
    }

    // "pipe:[123]", for the end that is written to. Null for all else, and where there is no /proc.
    private static string? PipeOf(int descriptor)
    {
        try
        {
            string number = descriptor.ToString(CultureInfo.InvariantCulture);
            string? target = new FileInfo($"{Descriptors}/{number}").LinkTarget;
            return target is not null && target.StartsWith("pipe:[", StringComparison.Ordinal) && IsWritten(number) ? target : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // proc_pid_fdinfo(5): "flags:" in octal digits.
    private static bool IsWritten(string number)
    {
        foreach (string line in File.ReadLines($"/proc/self/fdinfo/{number}"))
        {
            if (line.StartsWith("flags:", StringComparison.Ordinal))
                return (line[^1] - '0' & AccessMode) != 0;
        }

        return false;
    }
}
