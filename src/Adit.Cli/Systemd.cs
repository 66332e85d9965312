using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>
/// Tells the service manager how this process is doing: sd_notify(3), sd_watchdog_enabled(3). Does nothing where none asked for it.
/// Members may be used from any thread.
/// </summary>
internal sealed class Systemd : IAsyncDisposable
{
    private const string SocketVariable = "NOTIFY_SOCKET";
    private const string WatchdogVariable = "WATCHDOG_USEC";
    private const string WatchdogProcessVariable = "WATCHDOG_PID";
    private const int MaxStatusLength = 1024;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(30);

    private readonly Lock _lock = new();
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _manager;
    private readonly TimeSpan? _watchdog;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private int _warned;

    private Systemd(UnixDomainSocketEndPoint? manager, TimeSpan? watchdog, Action<string> warn, TimeProvider time)
    {
        _manager = manager;
        _watchdog = watchdog;
        _warn = warn;
        _time = time;
        if (manager is not null)
            _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    }

    /// <summary>Whether somebody listens.</summary>
    public bool IsAsked => _socket is not null;

    /// <summary>Looks for the service manager, and removes the variables, so that no child speaks for this process.</summary>
    /// <param name="warn">Told once if it cannot be reached.</param>
    /// <param name="time">The clock of the watchdog; the system's if null.</param>
    public static Systemd FromEnvironment(Action<string> warn, TimeProvider? time = null)
    {
        string? path = Environment.GetEnvironmentVariable(SocketVariable);
        string? watchdog = Environment.GetEnvironmentVariable(WatchdogVariable);
        string? process = Environment.GetEnvironmentVariable(WatchdogProcessVariable);
        foreach (string variable in (string[])[SocketVariable, WatchdogVariable, WatchdogProcessVariable])
            Environment.SetEnvironmentVariable(variable, null);
        return From(path, watchdog, process, warn, time ?? TimeProvider.System);
    }

    /// <summary>As <see cref="FromEnvironment"/>, with what the variables hold.</summary>
    internal static Systemd From(string? path, string? watchdog, string? process, Action<string> warn, TimeProvider time)
    {
        if (string.IsNullOrEmpty(path))
            return new(null, null, warn, time);
        UnixDomainSocketEndPoint manager;
        try
        {
            manager = path[0] is '/' or '@' ? UnixAddress.Of(path) : throw new FormatException("only the path of a socket, or @ and its name, is served");
        }
        catch (FormatException e)
        {
            warn($"{SocketVariable} is \"{Printable.Text(path)}\": {e.Message}; the service manager is told nothing");
            return new(null, null, warn, time);
        }

        return new(manager, Interval(watchdog, process), warn, time);
    }

    /// <summary>It serves from now on. The watchdog is fed from here on, twice in each of its intervals.</summary>
    /// <param name="status">What it does, for <c>systemctl status</c>.</param>
    public void Ready(string status)
    {
        Send($"READY=1\n{StatusLine(status)}");
        if (_watchdog is not { } interval)
            return;
        lock (_lock)
            _timer ??= _time.CreateTimer(static systemd => ((Systemd)systemd!).Send("WATCHDOG=1"), this, interval / 2, interval / 2);
    }

    /// <summary>What it does, for <c>systemctl status</c>.</summary>
    public void Status(string status) => Send(StatusLine(status));

    /// <summary>It reads its configuration again; <see cref="Ready"/> says that it has (Type=notify-reload).</summary>
    public void Reloading() => Send(string.Create(
        CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)Stopwatch.GetElapsedTime(0).TotalMicroseconds}"));

    /// <summary>It begins to end.</summary>
    public void Stopping(string status) => Send($"STOPPING=1\n{StatusLine(status)}");

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
        _socket?.Dispose();
    }

    private static TimeSpan? Interval(string? watchdog, string? process) =>
        (process is null || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        && long.TryParse(watchdog, NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
        && microseconds <= LongestInterval.TotalMicroseconds && TimeSpan.FromMicroseconds(microseconds) is var interval && interval >= ShortestInterval
            ? interval
            : null;

    private static string StatusLine(string status)
    {
        string line = Printable.Text(status);
        return $"STATUS={line[..Math.Min(line.Length, MaxStatusLength)]}";
    }

    private void Send(string state)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(state), _manager!);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock)
        {
            // It is behind; the next word will do.
            return;
        }
        catch (SocketException e)
        {
            if (Interlocked.Exchange(ref _warned, 1) == 0)
                _warn($"the service manager cannot be told of this process ({SocketVariable}): {e.Message}");
        }
        catch (ObjectDisposedException)
        {
            // The last tick of the watchdog.
            return;
        }
    }
}
