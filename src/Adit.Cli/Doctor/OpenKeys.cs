using System.Text;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Private keys in ~/.ssh that others may read or write.</summary>
internal sealed class OpenKeys : ICheck
{
    private const int MaxFirstLine = 128;
    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode WayIn = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (string path in inspection.Entries(inspection.SshFolder))
        {
            try
            {
                if (!OperatingSystem.IsWindows() && Directory.Exists(path) is false && IsPrivateKey(path) && (File.GetUnixFileMode(path) & OfOthers) is not UnixFileMode.None and var open)
                    found.Add(Judge(inspection, path, open));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                inspection.CannotSee($"{path}: {e.Message}");
            }
        }

        return new(found);
    }

    private static Finding Judge(Inspection inspection, string path, UnixFileMode open)
    {
        bool isShielded = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(inspection.SshFolder) & WayIn) == UnixFileMode.None;
        bool isOfAll = (open & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None;
        bool isRead = (open & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None;
        string who = isOfAll ? "every user of this machine" : "every member of its group";
        return new(
            FindingKind.OpenKey,
            $"{Printable.Text(path)}: a private key that others may {(isRead ? "read" : "write")}; ssh does not take it like that",
            isShielded ? $"{Reach.Nobody} while {Printable.Text(inspection.SshFolder)} keeps others out; {who} once it is opened or the key is copied" : who,
            $"chmod 600 {ShellWord.Quote(Printable.Text(path))}")
        {
            Since = new DateTimeOffset(File.GetLastWriteTimeUtc(path)),
            Path = path,
        };
    }

    // "-----BEGIN OPENSSH PRIVATE KEY-----", and RSA, EC, DSA, ENCRYPTED or nothing in that place; PuTTY's files say whose they are.
    private static bool IsPrivateKey(string path)
    {
        if (UnixFile.Look(path) is { IsSocket: true })
            return false;
        using FileStream? file = UserFile.OpenRegular(path);
        if (file is null)
            return false;
        byte[] first = new byte[MaxFirstLine];
        string text = Encoding.Latin1.GetString(first, 0, file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false));
        string line = text.Split('\n')[0].TrimEnd('\r');
        return (line.StartsWith("-----BEGIN ", StringComparison.Ordinal) && line.EndsWith("PRIVATE KEY-----", StringComparison.Ordinal))
            || line.StartsWith("PuTTY-User-Key-File-", StringComparison.Ordinal);
    }
}
