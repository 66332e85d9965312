using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Platform;
using Adit.Wording;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>A line of a user's file.</summary>
/// <param name="Text">The line without blanks in front and behind.</param>
/// <param name="Place">File and line, for messages.</param>
internal readonly record struct UserFileLine(string Text, string Place);

/// <summary>
/// The files by which users say who may log in as them. A server reads them for people that it does not trust yet, so that whatever the
/// owner put there must neither hold it up nor fill its memory.
/// </summary>
internal static partial class UserFile
{
    /// <summary>Most bytes of one file.</summary>
    internal const int MaxBytes = 1024 * 1024;

    private const int MaxLineBytes = 8 * 1024;
    private const int MaxLines = 10_000;
    private const int BlockBytes = 16 * 1024;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int ErrorNoEntry = 2;
    private const int ErrorNotFolder = 20;

    /// <summary>Reads a file; null where there is none, and where it cannot be read, is no regular file or too large.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warn">Told why a file that is there was not read.</param>
    internal static byte[]? Read(string path, Action<string> warn)
    {
        try
        {
            return Read(path, MaxBytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            warn($"{Printable.Text(path)} cannot be read: {e.Message}; it is left out");
            return null;
        }
    }

    /// <summary>Reads a regular file; null where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Most bytes of it.</param>
    /// <exception cref="IOException">It cannot be read, is no regular file or too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static byte[]? Read(string path, int maxBytes)
    {
        using FileStream? file = OpenRegular(path);
        if (file is null)
            return null;
        var text = new MemoryStream();
        byte[] block = new byte[BlockBytes];
        while (file.Read(block) is > 0 and var read)
        {
            text.Write(block, 0, read);
            if (text.Length > maxBytes)
                throw new IOException($"it is over the limit of {maxBytes} bytes");
        }

        return text.ToArray();
    }

    /// <summary>Opens a regular file; null where there is none. Never waits, whatever lies in its place.</summary>
    /// <exception cref="IOException">It cannot be read, or is no regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static FileStream? OpenRegular(string path)
    {
        SafeFileHandle? handle = Open(path);
        if (handle is null)
            return null;
        try
        {
            if (UnixFile.Look(handle) is { IsRegular: false })
                throw new IOException("it is not a regular file");
            return new(handle, FileAccess.Read, bufferSize: 0);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The lines of a text of at most 1 MiB and 10,000 lines of 8 KiB, without those that are empty.</summary>
    /// <param name="text">The file's contents.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="warn">Told what is left out.</param>
    internal static List<UserFileLine> Lines(ReadOnlySpan<byte> text, string path, Action<string> warn)
    {
        var lines = new List<UserFileLine>();
        string shown = Printable.Text(path);
        if (text.Length > MaxBytes)
        {
            warn($"{shown}: the file is over the limit of {MaxBytes} bytes; it is left out");
            return lines;
        }

        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{shown}:{++number}");
            ReadOnlySpan<byte> line = text[range].Trim(" \t\r"u8);
            if (line.IsEmpty)
                continue;
            if (number > MaxLines)
            {
                warn($"{place}: the file has more than {MaxLines} lines; the lines from here on are left out");
                break;
            }

            if (line.Length > MaxLineBytes)
                warn(PassedOver(place, $"the line has more than {MaxLineBytes} bytes"));
            else if (line.Contains((byte)0))
                warn(PassedOver(place, "the line has a NUL byte"));
            else
                lines.Add(new(Encoding.UTF8.GetString(line), place));
        }

        return lines;
    }

    /// <summary>The warning of a line that is not heeded.</summary>
    internal static string PassedOver(string place, string reason) => $"{place}: {reason}; the line is passed over";

    // Not by File.OpenHandle: it would wait for as long as nobody writes to a pipe that lies in the file's place.
    internal static SafeFileHandle? Open(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new IOException("its name has a NUL character");
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path);
        int descriptor = Open(path, NonBlocking | CloseOnExec);
        if (descriptor >= 0)
            return new(descriptor, ownsHandle: true);
        int error = Marshal.GetLastPInvokeError();
        return error is ErrorNoEntry or ErrorNotFolder ? null : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
