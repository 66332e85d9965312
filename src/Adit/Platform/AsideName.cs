using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;

namespace Adit.Platform;

/// <summary>
/// A name beside a file, for what is made there and then put in its place, or is taken from it to be removed. It bears the number of this
/// process, so that what a killed one left there can be told from what another one is about to move.
/// </summary>
internal static class AsideName
{
    /// <summary>How many characters it is longer than the file's own name.</summary>
    internal const int Length = 1 + NumberLength + RandomLength;

    private const int NumberLength = 7; // Linux gives numbers up to 4194304
    private const int RandomLength = 9;
    private const string Characters = "abcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Characters);

    /// <summary>A new one.</summary>
    internal static string For(string path) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}.{Environment.ProcessId:D7}{RandomNumberGenerator.GetString(Characters, RandomLength)}");

    /// <summary>Removes what processes of this user left beside a file that are gone. Never fails: it is in nobody's way.</summary>
    /// <param name="path">The file, which may be there or not.</param>
    /// <param name="isOurs">Whether what lies there is what this program makes.</param>
    internal static void RemoveLeft(string path, Func<string, UnixFile, bool> isOurs)
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            string prefix = Path.GetFileName(path) + ".";
            foreach (string beside in Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!))
            {
                if (OwnerOf(Path.GetFileName(beside), prefix) is { } owner && ProcessStatus.Look(owner) is not { HasEnded: false }
                    && UnixFile.Look(beside) is { } seen && seen.Owner == LinuxCalls.GetEffectiveUserId() && isOurs(beside, seen))
                {
                    File.Delete(beside);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another one removed it, or it has to stay.
        }
    }

    /// <summary>Whether a name beside a file whose name and a dot are the prefix is one of these, and whose.</summary>
    private static int? OwnerOf(string name, string prefix) =>
        name.Length == prefix.Length - 1 + Length && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.AsSpan(prefix.Length + NumberLength).IndexOfAnyExcept(Allowed) < 0
        && int.TryParse(name.AsSpan(prefix.Length, NumberLength), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? pid
            : null;
}
