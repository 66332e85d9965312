using System.Globalization;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Client;

/// <summary>The folder in which the tunnels of one user have their control sockets, one for each process: what <c>adit ls</c> looks through.</summary>
[SupportedOSPlatform("linux")]
internal static class TunnelFolder
{
    private const string Suffix = ".sock";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Where it is: in XDG_RUNTIME_DIR, or else in the folder for temporary files under the user's number.</summary>
    public static string Location => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && IsOwn(runtime)
        ? Path.Combine(runtime, "adit")
        : string.Create(CultureInfo.InvariantCulture, $"/tmp/adit-{UserId()}");

    /// <summary>Makes the folder, for its user alone, and names this process's socket in it.</summary>
    /// <exception cref="IOException">It cannot be made, or is not this user's alone.</exception>
    public static string Prepare()
    {
        PrivateFolder.Make(Location);
        if (Obstacle() is { } obstacle)
            throw new IOException($"{Location} {obstacle}; tunnels are not listed while that is so");
        RemoveDead();
        return Path.Combine(Location, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}{Suffix}"));
    }

    /// <summary>The sockets of tunnels. Those that dead ones left behind are removed.</summary>
    public static IReadOnlyList<string> Sockets()
    {
        if (!IsUsable)
            return [];
        RemoveDead();
        return [.. Directory.GetFiles(Location, "*" + Suffix).Order(StringComparer.Ordinal)];
    }

    /// <summary>The processes whose sockets are there. Neither looks whether they live nor changes anything.</summary>
    public static IReadOnlyList<int> Owners() =>
        !IsUsable
            ? []
            : [.. Directory.GetFiles(Location, "*" + Suffix)
                .Select(static path => int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
                .Where(static pid => pid > 0)
                .Order()];

    private static bool IsUsable => Directory.Exists(Location) && Obstacle() is null;

    // Who changes to another user may keep the environment, and the folder's owner could put another in the place of ours at any time.
    private static bool IsOwn(string folder) => UnixFile.Look(folder) is { IsFolder: true } found && found.Owner == UserId();

    // What processes left that were killed, perhaps while they made it.
    private static void RemoveDead()
    {
        foreach (string path in Directory.GetFiles(Location))
        {
            if (path.EndsWith(Suffix, StringComparison.Ordinal) && ControlSocketFile.Look(path) is ControlSocketState.Dead)
                File.Delete(path);
            else if (Path.GetFileNameWithoutExtension(path) is var whole && whole.EndsWith(Suffix, StringComparison.Ordinal))
                UnixSocketFile.RemoveLeft(Path.Combine(Location, whole));
        }
    }

    // Whoever may write here could take the standard streams that clients hand over.
    private static string? Obstacle()
    {
        if (UnixFile.Look(Location) is not { } found)
            return "cannot be looked at";
        if (new DirectoryInfo(Location).LinkTarget is not null)
            return "is a link";
        if (found.Owner != UserId())
            return "belongs to another user";
        return (File.GetUnixFileMode(Location) & ~Private) == UnixFileMode.None ? null : "is open to others";
    }

    private static uint UserId() => LinuxCalls.GetEffectiveUserId();
}
