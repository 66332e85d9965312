using System.Text.Json;

namespace Adit.Gateway.Audit;

/// <summary>
/// Appends every event to a file, as one line of JSON each. A line is written before the event's cause goes on, so that nothing happens
/// unrecorded; the file is its owner's alone.
/// </summary>
internal sealed class AuditLog : IGatewayEvents, IDisposable
{
    private readonly Lock _sync = new();
    private readonly FileStream _file;
    private Exception? _failure;

    /// <summary>Opens a file to append to.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public AuditLog(string path) => _file = AppendedFile.Open(path);

    /// <summary>Why the last event could not be written; null when it could.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <inheritdoc/>
    public void Report(GatewayEvent happened)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(happened, AuditJson.Default.GatewayEvent), (byte)'\n'];
        lock (_sync)
        {
            try
            {
                // Only the systems that cannot append by themselves need this. A pipe has no end to go to.
                if (_file.CanSeek)
                    _file.Seek(0, SeekOrigin.End);
                _file.Write(line);
                _failure = null;
            }
            catch (IOException e)
            {
                // Who depends on the record asks for the failure before going on.
                _failure = e;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
