using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Adit.Gateway.Access;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Serving;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Cli;

/// <summary><c>adit gateway</c>: a tunnel-only SSH server, until a signal ends it.</summary>
internal static class GatewayCommand
{
    private const int Failed = 255;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        try
        {
            GatewayCommandLine line = GatewayCommandLine.Parse(args);
            switch (line.Request)
            {
                case GatewayRequest.Help:
                    await Console.Out.WriteLineAsync(HelpText.Gateway);
                    return 0;
                case GatewayRequest.Hash:
                    return await HashAsync();
                case GatewayRequest.Check:
                    foreach (string note in Load(line).Notes)
                        await Console.Error.WriteLineAsync($"adit: {note}");
                    return 0;
                case GatewayRequest.Print:
                    foreach (string setting in EffectiveSettings.Lines(Load(line).Config.Settings(Subject(line.Subject))))
                        await Console.Out.WriteLineAsync(setting);
                    return 0;
                default:
                    return await ServeAsync(line, args);
            }
        }
        catch (Exception e) when (e is UsageException or ConfigException or IOException or UnauthorizedAccessException)
        {
            string sshd = e is ListenException { Failure: ListenFailure.InUse } ? " (address already in use)" : string.Empty;
            await Console.Error.WriteLineAsync($"adit: {e.Message}{sshd}");
            return Failed;
        }
    }

    private static GatewayConfiguration Load(GatewayCommandLine line) => line.ConfigFile is { } file
        ? GatewayConfiguration.Of(SshdConfig.Read(file, line.Options))
        : throw new UsageException("the configuration is missing; write adit gateway -f FILE, or see adit gateway --help");

    private static async Task<int> ServeAsync(GatewayCommandLine line, IReadOnlyList<string> args)
    {
        GatewayConfiguration first = Load(line);
        if (line is { Request: GatewayRequest.Serve, LogFile: not null, Foreground: false } && Background.Child is null)
            return await Background.StartAsync(["gateway", .. args], "the gateway goes on");
        using TextWriter? file = line.LogFile is { } path ? new StreamWriter(AppendedFile.Open(path)) : null;
        using AuditLog? audit = first.Global.AditAuditLog is { } auditPath ? new AuditLog(auditPath) : null;
        var text = new TextLog(file ?? Console.Error, LevelOf(line, first));
        var events = new GatewayLogs(text, audit);
        GatewayConfiguration? read = first;
        GatewayConfiguration Configuration()
        {
            GatewayConfiguration next = Interlocked.Exchange(ref read, null) ?? Load(line);
            text.Level = LevelOf(line, next);
            foreach (string note in next.Notes)
                events.Report(new() { Time = TimeProvider.System.GetUtcNow(), Event = GatewayEventKind.Note, Detail = note });
            return next;
        }

        if (line.Request is GatewayRequest.ServeOne)
        {
            await using GatewayServer one = GatewayServer.Create(Configuration, events, TimeProvider.System);
            (Duplex stream, ConnectionOrigin origin, Endpoint local) = StandardStreams.OpenConnection();
            return await one.ServeAsync(stream, origin, local) ? 0 : Failed;
        }

        void Warn(string note) => events.Report(new() { Time = TimeProvider.System.GetUtcNow(), Event = GatewayEventKind.Note, Detail = note });
        await using Systemd systemd = Systemd.FromEnvironment(Warn);
        using InheritedSockets inherited = InheritedSockets.FromEnvironment(Warn);
        return await ListenAsync(Configuration, first.Global.PidFile, events, systemd, inherited);
    }

    private static async Task<int> ListenAsync(
        Func<GatewayConfiguration> load, string? pidFile, GatewayLogs events, Systemd systemd, InheritedSockets inherited)
    {
        using var drain = new CancellationTokenSource();
        using var end = new CancellationTokenSource();
        void OnStop(PosixSignalContext context)
        {
            context.Cancel = true;
            (drain.IsCancellationRequested ? end : drain).Cancel();
        }

        // Signals come whenever they like: they are taken before anybody can know that it listens.
        GatewayServer? serving = null;
        PidFile? pid = null;
        bool wantsReload = false;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using PosixSignalRegistration reload = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Volatile.Write(ref wantsReload, true);
            if (Volatile.Read(ref serving) is { } running)
            {
                systemd.Reloading();
                systemd.Ready(running.Reload() ? Serving(running) : "the new configuration cannot be understood, the old one holds");
            }

            RenewPidFile(Volatile.Read(ref pid), events);
        });
        await using GatewayServer gateway = await GatewayServer.StartAsync(
            load, events, TimeProvider.System, null, end.Token, new() { Inherited = inherited });
        foreach (string left in inherited.Unclaimed)
            events.Report(new() { Time = TimeProvider.System.GetUtcNow(), Event = GatewayEventKind.Note, Detail = $"the inherited socket {left} is none of the configuration; it is closed" });
        inherited.Dispose();
        Volatile.Write(ref serving, gateway);
        if (Volatile.Read(ref wantsReload))
            gateway.Reload();
        using var written = PidFile.Write(pidFile);
        Volatile.Write(ref pid, written);
        Background.Child?.Ready();
        systemd.Ready(Serving(gateway));
        await Task.Delay(Timeout.Infinite, drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        systemd.Stopping("waiting for open channels");
        await gateway.DrainAsync(DrainTime, end.Token);
        return 0;
    }

    // Who removed it before the signal waits for it to be there again: sshd begins anew.
    private static void RenewPidFile(PidFile? pid, GatewayLogs events)
    {
        try
        {
            pid?.Renew();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            events.Report(new() { Time = TimeProvider.System.GetUtcNow(), Event = GatewayEventKind.Note, Detail = $"PidFile: {e.Message}" });
        }
    }

    private static string Serving(GatewayServer gateway) => $"listening on {string.Join(", ", gateway.Endpoints)}";

    private static LogVerbosity LevelOf(GatewayCommandLine line, GatewayConfiguration configuration) =>
        line.Quiet ? LogVerbosity.Error : line.Debug ? LogVerbosity.Debug1 : configuration.Global.LogLevel;

    // sshd(8), -C: user=NAME,addr=ADDRESS,laddr=ADDRESS,lport=PORT, where host and rdomain are of no use here.
    private static ConnectionSubject? Subject(string? text)
    {
        if (text is null)
            return null;
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            if (pair.Length != 2 || pair[0] is not ("user" or "addr" or "laddr" or "lport" or "host" or "rdomain"))
                throw new UsageException($"-C does not take \"{part}\"; write user=NAME,addr=ADDRESS,laddr=ADDRESS,lport=PORT");
            given[pair[0]] = pair[1];
        }

        IPAddress? Address(string name) => !given.TryGetValue(name, out string? value) ? null
            : IPAddress.TryParse(value, out IPAddress? address) ? address
            : throw new UsageException($"-C: \"{value}\" is no address");
        string user = given.GetValueOrDefault("user", string.Empty);
        int port = given.TryGetValue("lport", out string? lport)
            ? int.TryParse(lport, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new UsageException($"-C: \"{lport}\" is no port")
            : 0;
        ImmutableArray<string> groups = UserName.IsValid(user) ? SystemAccount.Of(user).Groups : [];
        return new(user, groups, Address("addr"), Address("laddr"), port);
    }

    private static async Task<int> HashAsync()
    {
        byte[]? password = Console.IsInputRedirected
            ? await Console.In.ReadLineAsync() is { } line ? Encoding.UTF8.GetBytes(line) : null
            : await Prompt.SecretAsync("Password: ", CancellationToken.None);
        if (password is null or [])
            throw new UsageException("a password has at least one character");
        await Console.Out.WriteLineAsync(PasswordHash.Of(password).ToString());
        CryptographicOperations.ZeroMemory(password);
        return 0;
    }
}
