using System.Text;
using Adit.Gateway.Audit;
using Adit.Stunnel;

namespace Adit.Cli.Tls;

/// <summary>Where the log goes: a file, the system's log, standard error.</summary>
internal sealed class LogTargets : IDisposable
{
    private readonly bool _overwrites;

    private LogTargets(StreamWriter? file, bool overwrites, SystemLog? system, bool standardError) =>
        (File, _overwrites, System, StandardError) = (file, overwrites, system, standardError);

    /// <summary>The file of <c>output</c>; null for none.</summary>
    public StreamWriter? File { get; }

    /// <summary>The system's log; null for none.</summary>
    public SystemLog? System { get; }

    /// <summary>Whether standard error gets it too.</summary>
    public bool StandardError { get; }

    /// <summary>Opens them.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened.</exception>
    public static LogTargets Open(StunnelGlobal global, bool standardError)
    {
        StreamWriter? file = null;
        if (global.Output is { } path)
            file = new(AppendedFile.Open(path), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        return new(file, global.OverwritesLog, global.UsesSyslog ? Syslog(global) : null, standardError);
    }

    /// <summary>They are used from now on: a file that is to be overwritten is emptied.</summary>
    /// <exception cref="IOException">It cannot be emptied.</exception>
    public void Begin()
    {
        if (_overwrites && File?.BaseStream is { CanSeek: true } stream)
            stream.SetLength(0);
    }

    public void Dispose()
    {
        System?.Dispose();
        try
        {
            File?.Dispose();
        }
        catch (IOException)
        {
            // A full disk: what could not be written is lost, and nothing else.
        }
    }

    // Where the system has no log, as in a container, nobody misses it; syslog(3) says nothing either.
    private static SystemLog? Syslog(StunnelGlobal global)
    {
        try
        {
            return new(global.Facility, global.ServiceName);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
