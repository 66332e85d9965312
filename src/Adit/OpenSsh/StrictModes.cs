using System.Globalization;
using Adit.Platform;
using Adit.Relay;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>Whether others than its owner could have written a file that says who may log in: sshd_config(5), StrictModes.</summary>
internal static class StrictModes
{
    private const int MaxLinks = 40;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>
    /// Why a file is not to be trusted, and how to mend it; null when it is. It and each folder above it, up to the home folder or else the
    /// root, must belong to root or to the user of this process and be writable by nobody else. Links are followed first.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="home">The user's home folder; null for none.</param>
    public static string? Refusal(string path, string? home)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return OperatingSystem.IsLinux()
            ? Refusal(path, home, LinuxCalls.GetEffectiveUserId())
            : $"{Printable.Text(path)}: who owns a file can be told on Linux only, so it is not trusted; set StrictModes no";
    }

    /// <summary>As the other one, for a process of a given user.</summary>
    internal static string? Refusal(string path, string? home, uint user)
    {
        try
        {
            string file = Resolve(path);
            if (UnixFile.Look(file) is not { IsRegular: true })
                return $"{Printable.Text(file)} is not a regular file";
            string? top = home is { Length: > 0 } && Directory.Exists(home) ? Resolve(home) : null;
            for (string? at = file; at is not null; at = Path.GetDirectoryName(at))
            {
                if (RefusalOf(at, user) is { } refusal)
                    return refusal;
                if (at == top)
                    return null;
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"{Printable.Text(path)} cannot be checked: {e.Message}";
        }
    }

    private static string? RefusalOf(string path, uint user)
    {
        string shown = Printable.Text(path);
        if (UnixFile.Look(path) is not { } found)
            return $"{shown} cannot be looked at";
        if (found.Owner != 0 && found.Owner != user)
            return string.Create(CultureInfo.InvariantCulture, $"{shown} belongs to the user with id {found.Owner}, so it is not trusted; run: chown {user} {shown}");
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & OthersWrite) == UnixFileMode.None)
            return null;
        return $"others than its owner may write {shown}, so it is not trusted; run: chmod go-w {shown}";
    }

    // The path without links, as realpath(3) gives it.
    private static string Resolve(string path)
    {
        string resolved = "/";
        var left = new Stack<string>();
        Push(left, Path.IsPathRooted(path) ? path : Path.Join(Environment.CurrentDirectory, path));
        int links = 0;
        while (left.TryPop(out string? part))
        {
            if (part is "." or "..")
            {
                resolved = part == "." ? resolved : Path.GetDirectoryName(resolved) ?? "/";
                continue;
            }

            string next = Path.Join(resolved, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = UnixFile.Look(next) is null ? throw new FileNotFoundException($"there is no {Printable.Text(next)}, or it may not be seen") : next;
                continue;
            }

            if (++links > MaxLinks)
                throw new IOException($"it has more than {MaxLinks} links");
            if (Path.IsPathRooted(target))
                resolved = "/";
            Push(left, target);
        }

        return resolved;
    }

    private static void Push(Stack<string> left, string path)
    {
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            left.Push(part);
    }
}
