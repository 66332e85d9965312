using System.Globalization;

namespace Adit.Cli;

/// <summary>The number of this process in a file, while it serves (PidFile).</summary>
internal sealed class PidFile : IDisposable
{
    private readonly Lock _sync = new();
    private readonly string? _path;
    private bool _isRemoved;

    private PidFile(string? path) => _path = path;

    /// <exception cref="IOException">It cannot be written.</exception>
    public static PidFile Write(string? path)
    {
        var file = new PidFile(path);
        file.Renew();
        return file;
    }

    /// <summary>Writes it again.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Renew()
    {
        lock (_sync)
        {
            if (_path is null || _isRemoved)
                return;
            // In a folder that others may write to, what lies there may be a link of theirs.
            File.Delete(_path);
            using var file = new StreamWriter(new FileStream(_path, FileMode.CreateNew, FileAccess.Write));
            file.Write(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        }
    }

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            _isRemoved = true;
            if (_path is not null)
                File.Delete(_path);
        }
    }
}
