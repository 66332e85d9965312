using Adit.Cli.Commands;
using Adit.Cli.Sessions;
using Adit.Client;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Probe;
using Adit.Relay;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>One run of adit as ssh: logs in, opens the forwards, runs what is to run, and holds it all until its end.</summary>
internal sealed class TunnelRun(SshCommandLine line, HostConfig config, CommandRun? command, Output output, InheritedSockets inherited, Systemd systemd)
{
    private const int Failed = 255;

    // A tunnel that is to come back by itself has to notice a dead link by itself, within seconds.
    private static readonly KeepAliveOptions QuickKeepAlive = new(TimeSpan.FromSeconds(5), 3);

    /// <summary>Runs it.</summary>
    /// <returns>The exit code of this process.</returns>
    /// <exception cref="SshException">The connection could not be made.</exception>
    /// <exception cref="DialException">The server cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        if (command?.Missing() is { } missing)
            return missing;
        Admission? admission = Admit();
        var path = new LoginPath(hop => LoginPath.ConfigurationOf(hop, line.ConfigFile), new ConsoleDialog(output), output);
        bool isQuick = config.Reconnect && config.ServerAliveInterval == TimeSpan.Zero;
        var channels = new MasterChannels();
        await using Login login = path.To(config, channels, isQuick ? QuickKeepAlive : null, HasTerminal());
        TunnelOptions options = Options(admission);
        await using Tunnel tunnel = await Tunnel.OpenAsync(config.Alias, login.ConnectAsync, options, stop);
        if (tunnel.Link is { Connection.Info: var info })
            output.Debug($"logged in to {config.HostName} as {config.User}; server {info.PeerIdentification}, {info.Kex}, {info.CipherToServer}");
        if (!await OpenForwardsAsync(tunnel, stop))
            return Failed;
        foreach (string left in inherited.Unclaimed)
            output.Notice($"the inherited socket {left} is none of the forwards; it is closed");
        inherited.Dispose();
        if (config.LocalCommand is { } local)
            output.Debug($"LocalCommand returned {await LocalCommand.RunAsync(local, stop)}");
        await using TunnelMasters? masters = OperatingSystem.IsLinux() ? TunnelMasters.Open(tunnel, config, channels, terminalIsFree: !HasSession, isCommands: command is not null, output) : null;
        await using var memory = new MemoryWatch(() => tunnel.Link?.Connection.ChannelCount ?? 0);
        bool isMasterAlone = Background.Child is { IsMaster: true };
        // Nobody would find a process that is there for nothing but to be shared.
        if (isMasterAlone && !(OperatingSystem.IsLinux() && masters is { IsShared: true }))
            return Failed;
        systemd.Ready($"connected to {config.Alias}");
        Background.Child?.Ready(keepStandardOutput: HasSession);
        return isMasterAlone ? await HoldAsync(tunnel, stop)
            : command is not null ? await command.RunAsync(tunnel, stop)
            : config.StdioForward is { } target ? await PassAsync(options.Protection?.Over(tunnel.Dialer) ?? tunnel.Dialer, target, stop)
            : HasSession && !OperatingSystem.IsWindows() ? await new TunnelSession(tunnel, config, output).RunAsync(stop)
            : await HoldAsync(tunnel, stop);
    }

    private bool HasSession => config.SessionType is not SessionType.None && Background.Child is not { IsMaster: true };

    private bool HasTerminal() =>
        config.SessionType is not SessionType.None && !OperatingSystem.IsWindows()
        && config.RequestTty.Decide(config.Command is not null, SessionRun.InputIsTerminal, config.StdinNull) is TerminalDecision.Wanted or TerminalDecision.Required;

    // Before there is a connection, since what a rule names may not exist.
    private Admission? Admit()
    {
        if (command is not null)
            return command.Admission;
        if (config.Admit is not (var rule, var source))
            return null;
        try
        {
            return Admission.Of(rule);
        }
        catch (FormatException e)
        {
            throw new ConfigException(source, $"AditAdmit: {e.Message}", e);
        }
    }

    private TunnelOptions Options(Admission? admission) => new()
    {
        Admission = admission,
        Expects = Expects,
        Protection = TargetProtection.Load(config),
        MaxConnections = config.MaxConnections,
        Reconnect = config.Reconnect,
        Patience = config.ReconnectWait,
        IdleTimeout = Background.Child is { IsMaster: true } && config.ControlPersist is { } persist && persist != Timeout.InfiniteTimeSpan ? persist : config.IdleTimeout,
        Lifetime = config.Lifetime,
        AddressFamily = config.AddressFamily,
        UnixMode = (UnixFileMode)(0b110_110_110 & ~config.StreamLocalBindMask),
        UnlinkSockets = config.StreamLocalBindUnlink,
        RemoteTargets = new PermitRemoteOpen(config.PermitRemoteOpens),
        Terms = Terms,
        Inherited = inherited,
        Events = new SystemdEvents(systemd, output),
    };

    private RelayOptions Terms(string channelType) => ChannelTimeout.Terms(config.ChannelTimeouts, channelType, TimeProvider.System);

    private async Task<bool> OpenForwardsAsync(Tunnel tunnel, CancellationToken stop)
    {
        (ForwardDirection Direction, Sourced<ForwardSpec> Forward)[] all =
        [
            .. config.LocalForwards.Select(static forward => (ForwardDirection.Local, forward)),
            .. config.DynamicForwards.Select(static forward => (ForwardDirection.Local, forward)),
            .. config.RemoteForwards.Select(static forward => (ForwardDirection.Remote, forward)),
        ];
        foreach ((ForwardDirection direction, (ForwardSpec spec, ConfigSource source)) in all)
        {
            try
            {
                Tell(tunnel, await tunnel.AddAsync(direction, spec, stop));
            }
            catch (ListenException e)
            {
                output.Error($"{e.Message} ({source})");
                if (config.ExitOnForwardFailure)
                    return false;
            }
        }

        // With nothing else to do, a tunnel without a forward is of no use to anybody.
        return all.Length == 0 || tunnel.Forwards.Count > 0 || config.SessionType is not SessionType.None;
    }

    // Where PostgreSQL has to answer; null for a forward of which nothing is expected. A command is given the name of a server that fits.
    // Where TLS begins at once it need not be PostgreSQL; each connection is held to the certificate then all the same.
    private PostgresExpectation? Expects(ForwardSpec spec) =>
        spec.Target is { } target
        && (config is { ExpectCert: not null, TargetTls: not { Beginning: TlsBeginning.Direct } } || (config.ExpectPostgres ?? (line.Form is CommandForm.Psql || (command is not null && ServiceKinds.Of(target) is ServiceKind.Postgres))))
            ? new(target, config.ExpectCert)
            : null;

    private void Tell(Tunnel tunnel, TunnelForward forward)
    {
        output.Debug($"{forward}: listening on {string.Join(", ", forward.Endpoints)}");
        if (forward is RemoteTunnelForward { ChosenPort: > 0 } chosen)
            output.Notice($"Allocated port {chosen.ChosenPort} for remote forward to {forward.Spec.Target?.ToString() ?? "what its clients name by SOCKS"}");
        if (forward is LocalTunnelForward { IsExposed: true, Rule: var rule })
            output.Notice($"warning: {forward.Spec.Listen} can be reached from other machines, {(rule == AdmissionRule.Any.ToString() ? "by anyone" : $"which have to fit {rule ?? "the rule of the command"}")}");
        if (tunnel.Link is not { } link)
            return;
        Route route = forward.RouteOver(link);
        // Between the lines of a command, the way is news only where something on it is not protected.
        if (command is null || route.HasPlaintext)
            output.Notice(route.ToString());
        else
            output.Debug(route.ToString());
    }

    private async Task<int> PassAsync(IDialer dialer, Endpoint target, CancellationToken stop)
    {
        if (await StdioForward.RunAsync(dialer, target, Terms(target.IsUnix ? DirectStreamLocal.ChannelType : DirectTcpip.ChannelType), output, stop) is not { } failure)
            return 0;
        output.Error(Printable.Text(failure));
        return Failed;
    }

    private async Task<int> HoldAsync(Tunnel tunnel, CancellationToken stop)
    {
        SshClosedException reason = await tunnel.Ended.WaitAsync(stop);
        if (reason.Reason is CloseReason.Expired or CloseReason.Closed)
        {
            output.Notice(reason.Message);
            return 0;
        }

        output.Error($"connection to {config.Alias} lost, it was up for {Duration(DateTimeOffset.UtcNow - tunnel.Since)}: {Printable.Text(reason.Message)}");
        return Failed;
    }

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0.0} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{(long)time.TotalHours} h {time.Minutes} min",
    };
}
