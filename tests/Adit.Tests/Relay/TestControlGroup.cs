using System.Globalization;
using Adit.Platform;

namespace Adit.Tests.Relay;

/// <summary>A control group for processes of a test, below the present one.</summary>
internal sealed class TestControlGroup : IDisposable
{
    private readonly string _path;

    private TestControlGroup(string path) => _path = path;

    /// <summary>Makes one; null where this process may not, or the kernel does not tell the groups of processes.</summary>
    public static TestControlGroup? Make()
    {
        if (ControlGroup.Of(Environment.ProcessId) is null)
            return null;
        // mountinfo: "… root mount-point options - type …"
        string? mount = File.ReadLines("/proc/self/mountinfo")
            .Where(static line => line.Contains(" - cgroup2 ", StringComparison.Ordinal))
            .Select(static line => line.Split(' ')[4])
            .FirstOrDefault();
        string? own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal))?[3..];
        if (mount is null || own is null)
            return null;
        try
        {
            return new(Directory.CreateDirectory($"{mount}{own.TrimEnd('/')}/adit-{Guid.NewGuid():N}").FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Take(int pid) => Move(pid, _path);

    public void Dispose()
    {
        foreach (string pid in File.ReadLines(_path + "/cgroup.procs").ToArray())
            Move(int.Parse(pid, CultureInfo.InvariantCulture), Path.GetDirectoryName(_path)!);
        Directory.Delete(_path);
    }

    private static void Move(int pid, string group) => File.WriteAllText(group + "/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));
}
