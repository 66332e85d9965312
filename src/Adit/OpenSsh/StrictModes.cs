using System.Globalization;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>StrictModes of sshd_config(5): nobody else may be able to change what lets people in.</summary>
internal static class StrictModes
{
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>
    /// Why a file cannot be trusted; null when it can. The file, and each folder above it up to the home folder or the root, has to belong to
    /// this process's user or to root, and no other may be allowed to write.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="home">The home folder of the user whom it is about; null where there is none.</param>
    public static string? Refusal(string path, string? home)
    {
        if (OperatingSystem.IsWindows())
            return null;
        string real = Resolve(path);
        for (string? part = real; part is not null; part = Path.GetDirectoryName(part))
        {
            if (UnixFile.Look(part) is not { } found)
                return $"{part} cannot be looked at";
            uint self = LinuxCalls.GetEffectiveUserId();
            if (found.Owner != 0 && found.Owner != self && !BelongsToHome(found.Owner, home))
                return string.Create(CultureInfo.InvariantCulture, $"{part} belongs to another user (uid {found.Owner})");
            if ((File.GetUnixFileMode(part) & Others) is not UnixFileMode.None)
                return $"others may write to {part}; mend that with: chmod go-w {part}";
            if (part == home)
                break;
        }

        return null;
    }

    private static string Resolve(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    // A user's own files in the user's own home are as good as the user.
    private static bool BelongsToHome(uint owner, string? home) => home is not null && UnixFile.Look(home) is { } folder && folder.Owner == owner;
}
