using Adit.Platform;

namespace Adit.Gateway.Audit;

/// <summary>A log file: whoever writes to it, and however often it is cut off (copytruncate of logrotate), every line goes to its end.</summary>
internal static class AppendedFile
{
    /// <summary>Opens it, and makes it, for its owner alone, where it is missing.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static FileStream Open(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        try
        {
            // FileMode.Append counts the place for itself, past what others have written meanwhile.
            if (OperatingSystem.IsLinux() && file.CanSeek && !LinuxCalls.WriteAtEnd(file.SafeFileHandle))
                throw new IOException($"{path} cannot be appended to");
            if (file.CanSeek)
                file.Seek(0, SeekOrigin.End);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
