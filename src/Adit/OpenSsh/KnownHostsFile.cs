using System.Text;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>Changes known_hosts files. Whoever changes one at the same time through here waits; ssh itself takes no lock.</summary>
internal static class KnownHostsFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxTries = 200;

    /// <summary>Adds those of the names that are not known by the key yet. The file is made (0600, its folder 0700) if it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">The names of a host, as <see cref="KnownHosts.Name"/> gives them.</param>
    /// <param name="key">Its key, without certificate.</param>
    /// <param name="hash">Whether the names are hashed.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    internal static void Add(string path, IReadOnlyCollection<string> names, SshPublicKey key, bool hash)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
            PrivateFolder.Make(folder);
        using FileStream file = OpenAlone(path);

        // Another one may have added it meanwhile.
        KnownHosts known = KnownHosts.Load([path], static _ => { });
        string[] missing = [.. names.Where(name => known.CheckName(name, key, DateTimeOffset.UnixEpoch).Status is not HostKeyStatus.Known)];
        if (missing.Length == 0)
            return;
        var text = new StringBuilder();
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            if (file.ReadByte() != '\n')
                text.Append('\n');
        }

        foreach (string line in KnownHostsLine.Format(missing, key, hash))
            text.Append(line).Append('\n');
        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>
    /// Removes lines and keeps all else byte for byte. The file is replaced as a whole, so that whoever reads it sees the old one or the new
    /// one; the old one stays beside it with <c>.old</c> behind its name, as with ssh.
    /// </summary>
    /// <param name="path">The file; a link is followed.</param>
    /// <param name="isStale">Whether a line goes. Asked about lines in order only.</param>
    /// <returns>How many lines went.</returns>
    /// <exception cref="IOException">The file cannot be read or replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    internal static int Remove(string path, Func<KnownHostsLine, bool> isStale)
    {
        using FileStream file = OpenAlone(path);
        if (file.Length > KnownHosts.MaxFileLength)
            throw new IOException($"the file is over the limit of {KnownHosts.MaxFileLength} bytes");
        byte[] text = new byte[file.Length];
        file.ReadExactly(text);
        var kept = new MemoryStream(text.Length);
        int removed = 0;
        int start = 0;
        while (start < text.Length)
        {
            int end = Array.IndexOf(text, (byte)'\n', start) is var newline and >= 0 ? newline + 1 : text.Length;
            if (Read(text.AsSpan(start, end - start), path, isFirst: start == 0) is { } line && isStale(line))
                removed++;
            else
                kept.Write(text, start, end - start);
            start = end;
        }

        if (removed > 0)
            Replace(path, text, kept.GetBuffer().AsSpan(0, (int)kept.Length));
        return removed;
    }

    private static KnownHostsLine? Read(ReadOnlySpan<byte> line, string path, bool isFirst)
    {
        if (isFirst && line.StartsWith(Encoding.UTF8.Preamble))
            line = line[Encoding.UTF8.Preamble.Length..];
        try
        {
            return KnownHosts.ReadLine(line.TrimEnd((byte)'\n'), path, path);
        }
        catch (FormatException)
        {
            // Kept, as all that is not understood.
            return null;
        }
    }

    private static void Replace(string path, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        string target = Target(path);
        Write(target + ".old", target, before);
        Write(target, target, after);
    }

    // Whole or not at all, and with the rights of another file.
    private static void Write(string path, string rightsOf, ReadOnlySpan<byte> text)
    {
        AsideName.RemoveLeft(path, static (_, left) => left.IsRegular);
        string aside = AsideName.For(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(aside, options))
            {
                file.Write(text);
                file.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(aside, File.GetUnixFileMode(rightsOf));
            File.Move(aside, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    private static string Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return path;
        }
    }

    // Two that add at once would write to the same place. The one who waited may hold a file that was replaced meanwhile, and begins anew.
    private static FileStream OpenAlone(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        for (int tries = 0; tries < MaxTries; tries++)
        {
            ulong? before = UnixFile.Look(Target(path))?.Inode;
            FileStream file = LockedFile.Open(path, options);
            if (before == UnixFile.Look(Target(path))?.Inode)
                return file;
            file.Dispose();
        }

        throw new IOException("the file is replaced again and again");
    }
}
