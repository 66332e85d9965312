namespace Adit.Cli.Commands;

/// <summary>Finds a program as a shell does: in PATH, and nowhere else. .NET would look beside this program and in the working folder first.</summary>
internal static class ProgramSearch
{
    /// <summary>What a shell returns for a command that is not there.</summary>
    internal const int NotFound = 127;

    /// <summary>What a shell returns for a file that is no program.</summary>
    internal const int NotExecutable = 126;

    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The file of a command; null where there is none.</summary>
    /// <param name="command">A name, or a path with a slash in it.</param>
    /// <param name="path">The folders, with colons between them; an empty one is the working folder.</param>
    internal static string? Find(string command, string? path)
    {
        if (command.Length == 0)
            return null;
        if (command.Contains('/', StringComparison.Ordinal))
            return Path.GetFullPath(command) is var file && File.Exists(file) ? file : null;
        return (path ?? "/usr/local/bin:/usr/bin:/bin").Split(':').Select(folder => Path.GetFullPath(Path.Combine(folder, command))).FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None);
}
