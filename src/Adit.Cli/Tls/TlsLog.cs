using System.Globalization;
using Adit.Stunnel;
using Adit.Wording;

namespace Adit.Cli.Tls;

/// <summary>The log of <c>adit tls</c>, in syslog's levels. Safe to call from several threads.</summary>
internal sealed class TlsLog : IDisposable
{
    private readonly Lock _sync = new();
    private LogTargets _targets;
    private SyslogLevel _limit;

    /// <param name="targets">Where it goes; owned.</param>
    /// <param name="limit">The least important level that is written.</param>
    /// <exception cref="IOException">It cannot be begun.</exception>
    public TlsLog(LogTargets targets, SyslogLevel limit)
    {
        targets.Begin();
        (_targets, _limit) = (targets, limit);
    }

    /// <summary>Whether it goes anywhere but to standard error.</summary>
    public bool IsKept
    {
        get
        {
            lock (_sync)
                return _targets.File is not null || _targets.System is not null;
        }
    }

    /// <summary>Writes elsewhere from now on.</summary>
    /// <exception cref="IOException">That cannot be begun; it goes where it went.</exception>
    public void Use(LogTargets targets, SyslogLevel limit)
    {
        lock (_sync)
        {
            targets.Begin();
            _targets.Dispose();
            (_targets, _limit) = (targets, limit);
        }
    }

    /// <summary>Writes a line, where it is important enough for the process.</summary>
    public void Say(SyslogLevel level, string text)
    {
        if (level <= _limit)
            Write(level, text);
    }

    /// <summary>Writes a line, whatever the limit is.</summary>
    /// <param name="level">Its level.</param>
    /// <param name="text">The line.</param>
    /// <param name="aloud">Whether standard error gets it even if it gets nothing else.</param>
    public void Write(SyslogLevel level, string text, bool aloud = false)
    {
        string line = Printable.Text(text);
        lock (_sync)
        {
            try
            {
                if (_targets.StandardError || aloud)
                    StandardError.Writer.WriteLine($"adit: {line}");
                _targets.File?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:yyyy-MM-dd HH:mm:ss} {level.ToString().ToLowerInvariant()}: {line}"));
                _targets.System?.WriteLine((int)level, line);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // A full disk, or nobody who listens: a line that cannot be written must not end what it tells of.
            }
        }
    }

    public void Dispose()
    {
        lock (_sync)
            _targets.Dispose();
    }
}
