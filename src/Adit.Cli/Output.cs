using Adit.OpenSsh;
using Adit.Relay;
using Adit.Wording;
using Microsoft.Extensions.Logging;

namespace Adit.Cli;

/// <summary>
/// What people are told, on standard error or in the file of <c>-E</c>: notices, errors, and with <c>-v</c> the steps. Standard output
/// stays free for programs. Safe to call from several threads.
/// </summary>
internal sealed class Output : ILogger, ITunnelEvents, IDisposable
{
    private readonly TextWriter _writer;
    private volatile LogVerbosity _level;
    private readonly Lock _sync = new();
    private readonly RefusalNotices _refusals = new();

    public Output(TextWriter writer, LogVerbosity level)
    {
        _writer = writer;
        _level = level;
    }

    /// <summary>Whether it goes to a terminal.</summary>
    public bool IsTerminal => _writer == StandardError.Writer && !Console.IsErrorRedirected;

    /// <summary>Says one level more, or less, within the levels that there are.</summary>
    public LogVerbosity ChangeLevel(bool more) =>
        _level = (LogVerbosity)Math.Clamp((int)_level + (more ? 1 : -1), (int)LogVerbosity.Quiet, (int)LogVerbosity.Debug3);

    /// <summary>An error: said even with <c>-q</c>, since the exit code alone explains nothing.</summary>
    public void Error(string message) => Write($"adit: {message}");

    public void Notice(string message)
    {
        if (Shows(LogVerbosity.Info))
            Write($"adit: {message}");
    }

    /// <summary>Text of the server, such as its banner.</summary>
    public void Server(string text)
    {
        if (Shows(LogVerbosity.Info))
            Write(Printable.Text(text, keepLines: true).TrimEnd('\n'));
    }

    public void Debug(string message)
    {
        if (Shows(LogVerbosity.Debug1))
            Write($"debug1: {message}");
    }

    public void Report(TunnelEvent tunnelEvent)
    {
        switch (tunnelEvent)
        {
            case ConnectionOpened opened when Shows(LogVerbosity.Debug1):
                Debug($"connection {opened.ConnectionId} from {opened.Origin}: {opened.Route}");
                break;
            case ConnectionClosed closed when Shows(LogVerbosity.Debug1):
                Debug($"connection {closed.ConnectionId} from {closed.Origin} closed after {closed.Duration.TotalSeconds:0.0} s, "
                    + $"{closed.BytesToTarget} bytes to {closed.Target} and {closed.BytesFromTarget} back{(closed.Failure is null ? string.Empty : $" ({closed.Failure})")}");
                break;
            case ConnectionRefused refused:
                if (_refusals.Take(refused) is { } notice)
                    Notice(notice);
                break;
            case AcceptFailed failed:
                Notice($"cannot accept connections on {string.Join(", ", failed.Endpoints)}: {failed.Reason}");
                break;
            case LinkLost lost:
                Notice($"connection to {lost.Server} lost: {Printable.Text(lost.Reason)}; connecting again");
                break;
            case LinkFailed failed:
                Debug($"no connection to {failed.Server} yet: {Printable.Text(failed.Reason)}; trying again in {failed.Pause.TotalSeconds:0.0} s");
                break;
            case LinkRestored restored:
                Notice($"connected to {restored.Server} again after {restored.Downtime.TotalSeconds:0.0} s");
                break;
            case RemoteForwardWaits waits:
                Notice($"{waits.Reason}; it is asked again every {waits.Pause.TotalSeconds:0} s");
                break;
            case RemotePortChanged changed:
                Notice($"port {changed.Before} at the server stays in use; it listens on port {changed.Port} instead");
                break;
            default:
                break;
        }
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information || Shows(LogVerbosity.Debug1);

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Debug(Printable.Text(formatter(state, exception)));

    public void Dispose()
    {
        if (_refusals.Rest() is { } rest)
            Notice(rest);
        if (_writer == StandardError.Writer)
            return;
        try
        {
            _writer.Dispose();
        }
        catch (IOException)
        {
            // A full disk: what could not be written is lost, and nothing else.
        }
    }

    private bool Shows(LogVerbosity level) => _level >= level;

    private void Write(string line)
    {
        lock (_sync)
        {
            try
            {
                _writer.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk, or a terminal that is gone: a message that cannot be written must not end a tunnel.
            }
        }
    }
}
