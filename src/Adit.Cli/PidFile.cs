using System.Globalization;

namespace Adit.Cli;

/// <summary>The number of this process in a file, while it serves (PidFile).</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string? _path;

    private PidFile(string? path) => _path = path;

    /// <exception cref="IOException">It cannot be written.</exception>
    public static PidFile Write(string? path)
    {
        if (path is not null)
            File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        return new(path);
    }

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        if (_path is not null)
            File.Delete(_path);
    }
}
