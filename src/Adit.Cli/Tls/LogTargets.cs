using System.Text;
using Adit.Gateway.Audit;
using Adit.Stunnel;

namespace Adit.Cli.Tls;

/// <summary>Where the log goes: a file, the system's log, standard error.</summary>
internal sealed class LogTargets : IDisposable
{
    private LogTargets(StreamWriter? file, SystemLog? system, bool standardError) => (File, System, StandardError) = (file, system, standardError);

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
        {
            FileStream stream = AppendedFile.Open(path);
            if (global.OverwritesLog && stream.CanSeek)
                stream.SetLength(0);
            file = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        }

        return new(file, global.UsesSyslog ? Syslog(global) : null, standardError);
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
