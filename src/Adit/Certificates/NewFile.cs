using Adit.Platform;
using Adit.Wording;

namespace Adit.Certificates;

/// <summary>Files that are there as a whole or not at all: written aside, and then moved to their place.</summary>
internal static class NewFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Says before the work begins what <see cref="Write"/> would say after it.</summary>
    /// <param name="path">Where the file is to be.</param>
    /// <param name="replace">Whether one that is there may go.</param>
    /// <exception cref="IOException">Something is there that stays, or the folder is not.</exception>
    internal static void Check(string path, bool replace)
    {
        if (Path.GetFileName(path).Length == 0 || Directory.Exists(path))
            throw new IOException($"{Printable.Text(path)} is a folder; name a file");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new IOException($"the folder {Printable.Text(folder)} is not there; make it first");
        if (UnixFile.Look(path) is not { } there)
            return;
        if (!there.IsRegular)
            throw new IOException($"{Printable.Text(path)} is a link or a device, and stays; name another file");
        if (!replace)
            throw new IOException($"{Printable.Text(path)} is there already; name another file, or replace it with --force");
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">Where it is to be.</param>
    /// <param name="content">What it is to hold.</param>
    /// <param name="isPrivate">Whether only its owner may read it (0600), from its first byte on. Otherwise all may whom the umask lets.</param>
    /// <param name="replace">Whether one that is there goes.</param>
    /// <exception cref="IOException">It cannot be written, or one is there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content, bool isPrivate, bool replace)
    {
        Check(path, replace);
        AsideName.RemoveLeft(path, static (_, left) => left.IsRegular);
        string aside = AsideName.For(path);
        // Made new, so that neither a link nor the rights of another file come in between.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = isPrivate ? OwnerOnly : ForAll;
        using (var file = new FileStream(aside, options))
        {
            try
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            catch
            {
                File.Delete(aside);
                throw;
            }
        }

        try
        {
            File.Move(aside, path, overwrite: replace);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }
}
