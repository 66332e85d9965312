using System.Diagnostics;
using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The folder of this test process. It goes when the process does, whatever way that one ends.</summary>
internal static class RunFolder
{
    private const string Prefix = "adit-interop.";

    private static readonly Lazy<string> Root = new(Create);

    private static int _count;

    // Held so that its input stays open.
    private static Process? Remover { get; set; }

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
        StartRemover(root);
        return root;
    }

    // A test host is given a tenth of a second for its last words, too little for removing a database. The end of this process is
    // the end of the remover's input; the peers, ended by the same event, may write a moment longer.
    private static void StartRemover(string root)
    {
        const string Script = "exec >/dev/null 2>&1; cat; for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- \"$1\" && exit; sleep 0.5; done";
        Remover = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Script, "sh", root]) { RedirectStandardInput = true, UseShellExecute = false });
    }
}
