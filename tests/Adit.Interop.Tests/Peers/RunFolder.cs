using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The folder of this test process; what an earlier, killed one left behind is removed.</summary>
internal static class RunFolder
{
    private const string Prefix = "adit-interop.";

    private static readonly Lazy<string> Root = new(Create);

    private static int _count;

    public static string Create(string name) =>
        Directory.CreateDirectory(Path.Combine(Root.Value, $"{name}.{Interlocked.Increment(ref _count)}"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    /// <summary>Removes a folder whose owner may still be writing its last file into it.</summary>
    public static void Remove(string folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (attempt < 5)
            {
            }
        }
    }

    private static string Create()
    {
        foreach (var stale in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (int.TryParse(stale.AsSpan(stale.LastIndexOf('.') + 1), CultureInfo.InvariantCulture, out var pid) && ProcessTree.Find(pid) is null)
                Remove(stale);
        }
        // Others may pass through: PostgreSQL runs as a user of its own when the tests run as root.
        var root = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Prefix + Environment.ProcessId),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute).FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove(root);
        return root;
    }
}
