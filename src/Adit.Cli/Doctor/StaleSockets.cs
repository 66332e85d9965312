using System.Runtime.Versioning;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Control sockets whose masters are gone: in ~/.ssh, in /tmp as ssh-*, and where a ControlPath of the user's files may lead.</summary>
[SupportedOSPlatform("linux")]
internal sealed class StaleSockets : ICheck
{
    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (string path in Candidates(inspection).Distinct(StringComparer.Ordinal))
        {
            try
            {
                if (UnixFile.Look(path) is { IsSocket: true } seen && ControlSocketFile.Look(path) is ControlSocketState.Dead)
                    found.Add(Judge(path, seen));
            }
            catch (MuxException e)
            {
                inspection.CannotSee(e.Message);
            }
        }

        return new(found);
    }

    /// <summary>Where sockets of a ControlPath may lie: a folder, and a pattern of names in it; null where the folder depends on the destination.</summary>
    internal static (string Folder, string Names)? Place(ConfigLine line, LocalUser user)
    {
        string written = line.Arguments[0];
        if (KeywordValue.IsNone(written))
            return null;
        string path = Tokens.ExpandTilde(Tokens.Variables(written, user, line.Source), user, line.Source)
            .Replace("%%", "\0", StringComparison.Ordinal)
            .Replace("%d", user.Home, StringComparison.Ordinal)
            .Replace("%u", user.Name, StringComparison.Ordinal)
            .Replace("%i", user.Id, StringComparison.Ordinal);
        for (int at = path.IndexOf('%', StringComparison.Ordinal); at >= 0 && at + 1 < path.Length; at = path.IndexOf('%', StringComparison.Ordinal))
            path = $"{path.AsSpan(0, at)}*{path.AsSpan(at + 2)}";
        path = path.Replace('\0', '%');
        string? folder = Path.GetDirectoryName(path);
        return Path.IsPathRooted(path) && folder is not null && !folder.Contains('*', StringComparison.Ordinal) ? (folder, Path.GetFileName(path)) : null;
    }

    private static IEnumerable<string> Candidates(Inspection inspection)
    {
        foreach (string path in inspection.Entries(inspection.SshFolder))
        {
            yield return path;
            // People keep them in a folder of their own.
            if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
            {
                foreach (string inner in inspection.Entries(path))
                    yield return inner;
            }
        }

        foreach (string path in inspection.Entries("/tmp", "ssh-*"))
            yield return path;
        foreach (ClientSetting setting in WeakSettings.ReadAll(inspection).Where(static setting => setting.Is("ControlPath")))
        {
            foreach (string path in Configured(inspection, setting))
                yield return path;
        }
    }

    private static IReadOnlyList<string> Configured(Inspection inspection, ClientSetting setting)
    {
        try
        {
            return Place(setting.Line, inspection.User) is { } place ? inspection.Entries(place.Folder, place.Names) : [];
        }
        catch (ConfigException e)
        {
            inspection.CannotSee(e.Message);
            return [];
        }
    }

    private static Finding Judge(string path, UnixFile seen) => new(
        FindingKind.StaleSocket,
        $"{Printable.Text(path)}: a socket on which nobody listens; connections are not shared while it is there",
        Reach.Nobody,
        $"rm {ShellWord.Quote(Printable.Text(path))}")
    {
        Since = new DateTimeOffset(File.GetLastWriteTimeUtc(path)),
        Path = path,
        Ending = new SocketEnding(path, seen),
    };
}
