using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Adit.Platform;
using Adit.Relay;
using Adit.Stunnel;
using Adit.TlsTunnels;

namespace Adit.Cli.Tls;

/// <summary>The services of a configuration until a signal ends them.</summary>
/// <param name="line">Where the configuration comes from.</param>
/// <param name="first">The configuration.</param>
[SupportedOSPlatform("linux")]
internal sealed class TlsRun(TlsCommandLine line, StunnelConfiguration first) : IAsyncDisposable
{
    // signal(7)
    private const PosixSignal User1 = (PosixSignal)10;
    private const PosixSignal User2 = (PosixSignal)12;

    private readonly TlsLog _log = new(LogTargets.Open(first.Global, IsSaid(line, first.Global)), first.Global.Debug);
    private readonly ConcurrentDictionary<string, RefusalNotices> _refusals = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<PosixSignal> _wishes = Channel.CreateBounded<PosixSignal>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private IReadOnlyList<ListenSpec> _activated = [];
    private StunnelGlobal _global = first.Global;

    /// <summary>Serves.</summary>
    /// <exception cref="IOException">A file cannot be used, or an end cannot be listened on.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be used.</exception>
    /// <exception cref="StunnelException">What an option says cannot be had.</exception>
    public async Task ServeAsync()
    {
        // Signals come whenever they like: they are taken before anybody can know that it listens.
        LastingSignals.Answer([PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT], _ => _stop.Cancel());
        LastingSignals.Answer([PosixSignal.SIGHUP, User1, User2], signal => _wishes.Writer.TryWrite(signal));
        void Warn(string text) => _log.Say(SyslogLevel.Warning, text);
        await using Systemd systemd = Systemd.FromEnvironment(Warn);
        using InheritedSockets inherited = InheritedSockets.FromEnvironment(Warn);
        if (first.IsInetd)
            _activated = inherited.Ends;
        StunnelConfiguration configuration = Activated(first);
        if (configuration.IsInetd)
            throw new IOException("there is no [section] with accept, and of the sockets that were handed over none listens");
        foreach (string warning in configuration.Warnings)
            Warn(warning);
        await using TlsServices services = await TlsServices.StartAsync(configuration, inherited, Events, _stop.Token);
        foreach (string left in inherited.Unclaimed)
            Warn($"the inherited socket {left} is none of the configuration; it is closed");
        inherited.Dispose();
        Announce(configuration, services);
        using var pid = PidFile.Write(_global.PidFile);
        if (Background.Child is not null && _global is { Output: null } && !_log.IsKept)
            _log.Write(SyslogLevel.Warning, "nothing is logged from here on: there is no system log and no output = FILE", aloud: true);
        Background.Child?.Ready();
        systemd.Ready(Serving(services));
        await using var memory = new MemoryWatch(() => services.Connections.Count());
        try
        {
            await foreach (PosixSignal wish in _wishes.Reader.ReadAllAsync(_stop.Token))
            {
                if (wish is PosixSignal.SIGHUP)
                    await ReloadAsync(services, systemd, pid);
                else if (wish is User1)
                    Reopen();
                else
                    List(services);
            }
        }
        catch (OperationCanceledException)
        {
            systemd.Stopping("ending");
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach ((string name, RefusalNotices refusals) in _refusals)
        {
            if (refusals.Rest() is { } rest)
                _log.Say(SyslogLevel.Err, $"[{name}] {rest}");
        }

        _log.Dispose();
        // Signals that come late still use the source.
        return default;
    }

    private static bool IsSaid(TlsCommandLine line, StunnelGlobal global) => line.Foreground || global.Foreground is not StunnelForeground.Quiet;

    private static string Serving(TlsServices services) => $"listening on {string.Join(", ", services.Services.SelectMany(static service => service.Endpoints))}";

    private ServiceEvents Events(StunnelService service) => new(service, _log, _refusals.GetOrAdd(service.Name, static _ => new()));

    // The one service of a file without a section listens on what the service manager holds for it.
    private StunnelConfiguration Activated(StunnelConfiguration configuration) => configuration.IsInetd && _activated.Count > 0
        ? configuration with { Services = [configuration.Services[0] with { IsInetd = false, Accept = [.. _activated] }] }
        : configuration;

    private void Announce(StunnelConfiguration configuration, TlsServices services)
    {
        foreach (TlsService serving in services.Services)
            Announce(serving.Terms.Service, serving.Endpoints.Select(static end => end.ToString()));
        foreach (StunnelService hidden in configuration.Services.Where(static service => !service.VirtualHosts.IsEmpty))
            Announce(hidden, []);
    }

    private void Announce(StunnelService service, IEnumerable<string> ends)
    {
        _log.Say(SyslogLevel.Notice, ServiceLine.Of(service, ends));
        if (ServiceLine.Danger(service) is { } danger)
            _log.Write(SyslogLevel.Warning, danger, aloud: true);
    }

    private async Task ReloadAsync(TlsServices services, Systemd systemd, PidFile pid)
    {
        systemd.Reloading();
        string? reason = null;
        LogTargets? targets = null;
        try
        {
            if (line.ConfigDescriptor is not null)
                throw new IOException("it came from a descriptor, which cannot be read again");
            StunnelConfiguration next = Activated(line.Read());
            targets = LogTargets.Open(next.Global, IsSaid(line, next.Global));
            reason = await services.ReloadAsync(next, _stop.Token);
            if (reason is null)
            {
                _global = next.Global;
                Use(targets);
                targets = null;
                foreach (string warning in next.Warnings)
                    _log.Say(SyslogLevel.Warning, warning);
                Announce(next, services);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException) // what runs goes on whatever is wrong with a new file
        {
            reason = e.Message;
        }
        finally
        {
            targets?.Dispose();
        }

        Renew(pid);

        if (reason is null)
            _log.Say(SyslogLevel.Notice, "the configuration was read again and holds for new connections");
        else
            _log.Write(SyslogLevel.Err, $"the configuration was not read again, the old one holds: {reason}");
        systemd.Ready(reason is null ? Serving(services) : "the new configuration cannot be used, the old one holds");
    }

    // Takes them over.
    private void Use(LogTargets targets)
    {
        try
        {
            _log.Use(targets, _global.Debug);
        }
        catch (IOException e)
        {
            targets.Dispose();
            _log.Write(SyslogLevel.Err, $"the log goes on where it went: {e.Message}");
        }
    }

    private void Renew(PidFile pid)
    {
        try
        {
            pid.Renew();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Write(SyslogLevel.Err, $"the PID file cannot be written again: {e.Message}");
        }
    }

    private void Reopen()
    {
        try
        {
            Use(LogTargets.Open(_global, IsSaid(line, _global)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Write(SyslogLevel.Err, $"the log cannot be opened again: {e.Message}");
        }
    }

    private void List(TlsServices services)
    {
        (StunnelService Service, ForwardedConnection Connection)[] all = [.. services.Connections];
        _log.Write(SyslogLevel.Notice, string.Create(CultureInfo.InvariantCulture, $"{all.Length} connection{(all.Length == 1 ? string.Empty : "s")}"));
        foreach ((StunnelService service, ForwardedConnection one) in all)
        {
            string route = one.Route?.ToString() ?? "not open yet";
            _log.Write(SyslogLevel.Notice, string.Create(
                CultureInfo.InvariantCulture,
                $"[{service.Name}] connection {one.Id} from {one.Origin} for {(DateTimeOffset.UtcNow - one.Since).TotalSeconds:0} s, {one.BytesToTarget} bytes to {one.Target} and {one.BytesFromTarget} back: {route}"));
        }
    }
}
