using System.Runtime.CompilerServices;

namespace Adit.Interop.Tests.Peers;

/// <summary>The programs in samples/, which are built beside this project in the same configuration.</summary>
internal static class SampleProgram
{
    /// <summary>How one is started.</summary>
    /// <param name="name">The sample.</param>
    /// <param name="files">Becomes the configuration of its user.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="arguments">What it takes.</param>
    public static ChildProcessStart Start(string name, SshClientFiles files, IReadOnlyDictionary<string, string?> environment, params IReadOnlyList<string> arguments)
    {
        var home = RunFolder.Create("home");
        File.Copy(files.ConfigPath, Path.Combine(Directory.CreateDirectory(Path.Combine(home, ".ssh")).FullName, "config"));
        return new("dotnet", [PathOf(name), .. arguments])
        {
            Environment = new Dictionary<string, string?>(environment, StringComparer.Ordinal) { ["HOME"] = home },
        };
    }

    private static string PathOf(string name, [CallerFilePath] string path = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
        var built = Path.GetRelativePath(Path.Combine(root, "tests", "Adit.Interop.Tests"), AppContext.BaseDirectory);
        return Path.Combine(root, "samples", name, built, $"{name}.dll");
    }
}
