using System.Globalization;
using System.Net.Sockets;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>
/// Folders that only this user may enter. The names of those for temporary files bear number and beginning of the process that made them, so that
/// what a killed one left is known as such, even when another process has got its number.
/// </summary>
internal static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a folder, and those above it that are missing, which stay.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    internal static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnly);
    }

    /// <summary>Makes one, under a name that nobody can know before.</summary>
    /// <param name="prefix">How the names of its kind begin.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static string Create(string prefix) => Directory.CreateTempSubdirectory(
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{Environment.ProcessId}-{ProcessStatus.Look(Environment.ProcessId)?.Start ?? 0:x}-")).FullName;

    /// <summary>
    /// Removes those of a kind whose process is gone. One with a socket that answers lives, perhaps where this process cannot see it. Never
    /// fails: whatever is wrong with one, it is in nobody's way.
    /// </summary>
    internal static void RemoveDead(string prefix)
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (string path in Directory.EnumerateDirectories(Path.GetTempPath(), prefix + "*"))
        {
            try
            {
                if (IsAbandoned(Path.GetFileName(path)[prefix.Length..])
                    && UnixFile.Look(path) is { IsFolder: true } found && found.Owner == LinuxCalls.GetEffectiveUserId() && !HasLiveSocket(path))
                {
                    Directory.Delete(path, recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // It stays, or another one removed it.
            }
        }
    }

    private static bool IsAbandoned(string name) =>
        name.Split('-') is [var number, var start, _]
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
        && ulong.TryParse(start, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong began)
        && (ProcessStatus.Look(pid) is not { HasEnded: false } process || process.Start != began);

    private static bool HasLiveSocket(string path) =>
        Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Any(static file => UnixFile.Look(file) is { IsSocket: true } && UnixSocketFile.Answers(new UnixDomainSocketEndPoint(file)));
}
