using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>Reads the text of a configuration file.</summary>
internal static partial class ConfigFile
{
    /// <summary>Most bytes of one file.</summary>
    internal const int MaxBytes = 1024 * 1024;

    private const int EmptyPath = 0x1000;
    private const uint OwnerWanted = 0x8;
    private const int StatxBytes = 256;
    private const int OwnerOffset = 20;

    /// <summary>Reads a file; null where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="checkOwner">Whether it must belong to this user or root and be writable by nobody else, since it decides what is trusted.</param>
    /// <exception cref="ConfigException">It cannot be read, is too large, or others may write it.</exception>
    internal static string? Read(string path, bool checkOwner)
    {
        try
        {
            using SafeFileHandle? file = UserFile.Open(path);
            if (file is null)
                return null;
            if (checkOwner)
                CheckOwner(file, path);
            byte[] bytes = new byte[MaxBytes + 1];
            using FileStream stream = new(file, FileAccess.Read, bufferSize: 0);
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= MaxBytes
                ? Encoding.UTF8.GetString(bytes, 0, length)
                : throw new ConfigException($"{path}: the file is larger than 1 MiB");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    private static void CheckOwner(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        if ((File.GetUnixFileMode(file) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != UnixFileMode.None)
            throw new ConfigException($"{path}: others may write this file, so it is not trusted; run: chmod go-w {path}");
        if (!OperatingSystem.IsLinux())
            return;
        Span<byte> stat = stackalloc byte[StatxBytes];
        if (Statx(file, "", EmptyPath, OwnerWanted, stat) != 0)
            throw new ConfigException($"{path}: its owner cannot be determined");
        uint owner = MemoryMarshal.Read<uint>(stat[OwnerOffset..]);
        if (owner != 0 && owner != LinuxCalls.GetEffectiveUserId())
            throw new ConfigException($"{path}: belongs to another user, so it is not trusted; let it belong to you or root");
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, Span<byte> result);
}
