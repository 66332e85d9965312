using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Cli.Commands;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Wording;

namespace Adit.Cli;

/// <summary><c>adit [ssh options] destination [command]</c>.</summary>
internal static class SshCommand
{
    private const int Failed = 255;

    public static async Task<int> RunAsync(IReadOnlyList<string> args, CommandForm form = CommandForm.Ssh)
    {
        SshCommandLine line;
        HostConfig config;
        Output output;
        try
        {
            line = SshCommandLine.Parse(args, form);
            if (Answer(line) is { } answer)
            {
                await Console.Out.WriteLineAsync(answer);
                return 0;
            }

            config = line.Resolve();
            output = new Output(WriterOf(line, config), config.LogLevel);
        }
        catch (Exception e) when (e is UsageException or ConfigException or IOException or UnauthorizedAccessException)
        {
            await StandardError.Writer.WriteLineAsync($"adit: {e.Message}");
            return Failed;
        }

        using (output)
        {
            foreach (string warning in Background.Child is null ? config.Warnings : [])
                output.Notice($"warning: {warning}");
            return line.Owner is { } owner ? await RunForOwnerAsync(owner, args, line, config, output) : await RunUntilStoppedAsync(args, line, config, output, owner: null);
        }
    }

    private static TextWriter WriterOf(SshCommandLine line, HostConfig config) =>
        line.UsesSystemLog ? new SystemLog(config.SyslogFacility)
        : line.LogFile is { } file ? new StreamWriter(file, append: true) { AutoFlush = true }
        : StandardError.Writer;

    /// <summary>What needs no connection; null for all else.</summary>
    private static string? Answer(SshCommandLine line) => line.Request switch
    {
        CommandLineRequest.Help => line.Form is CommandForm.Ssh ? HelpText.Text : HelpText.Run,
        CommandLineRequest.Version => HelpText.Version,
        CommandLineRequest.Query => string.Join('\n', AlgorithmQuery.Lines(line.QueryWord)),
        CommandLineRequest.Config => string.Join('\n', EffectiveConfig.Lines(line.Resolve())),
        _ => null,
    };

    private static async Task<int> RunAsync(
        IReadOnlyList<string> args, SshCommandLine line, HostConfig config, CommandRun? command, Output output, CancellationToken stop)
    {
        if (OperatingSystem.IsLinux())
        {
            if (line.Request is CommandLineRequest.Control)
                return await ControlCommand.RunAsync(line, config, stop);
            if (Background.Child is not { IsMaster: true } && await ShareAsync(args, config, output, stop) is { } shared)
                return shared;
        }

        return config.ForkAfterAuthentication && Background.Child is null
            ? await Background.StartAsync(args, $"the connection to {config.Alias} goes on")
            : await RunTunnelAsync(line, config, command, output, stop);
    }

    private static async Task<int> RunTunnelAsync(SshCommandLine line, HostConfig config, CommandRun? command, Output output, CancellationToken stop)
    {
        using InheritedSockets inherited = InheritedSockets.FromEnvironment(output.Notice);
        await using Systemd systemd = Systemd.FromEnvironment(output.Notice);
        try
        {
            return await new TunnelRun(line, config, command, output, inherited, systemd).RunAsync(stop);
        }
        finally
        {
            systemd.Stopping("closing the tunnel");
        }
    }

    // ssh_config(5): ControlMaster, ControlPath, ControlPersist. The exit code, if a master did it; null where none is to.
    [SupportedOSPlatform("linux")]
    private static async Task<int?> ShareAsync(IReadOnlyList<string> args, HostConfig config, Output output, CancellationToken stop)
    {
        if (config.ControlPath is not { } path)
            return null;
        bool isOwnMaster = false;
        ControlRole role = ControlSharing.Decide(config.ControlMaster, ControlSocketFile.Look(path));
        if (role is ControlRole.Master && config.ControlPersist is not null && config.SessionType is not SessionType.None)
        {
            // The master is a process of its own, which outlives this one for as long as that says.
            int failed = await Background.StartAsync(args, null, isMaster: true);
            // Another process may have been faster; then its connection is shared.
            if (failed != 0 && ControlSocketFile.Look(path) is not ControlSocketState.Live)
                return failed;
            isOwnMaster = failed == 0;
            role = ControlRole.Client;
        }

        if (role is not ControlRole.Client)
            return null;
        if (!isOwnMaster && NeedsOwnForwards(config))
        {
            output.Notice($"the connection at {path} is not used, since AditAdmit, AditMaxConnections, AditExpect or AditTargetTls of this command would not hold for forwards there");
            return null;
        }

        if (config.ForkAfterAuthentication && Background.Child is null)
            return await Background.StartAsync(args, $"the part in the shared connection to {config.Alias} goes on");
        var run = new SharedRun(config, output);
        try
        {
            using MuxClient master = await MuxClient.ConnectAsync(path, stop);
            return await run.RunAsync(master, stop);
        }
        catch (MuxException e) when (config.ControlMaster is not ControlMaster.No && !run.HasBegun)
        {
            output.Debug($"the connection is not shared: {e.Message}");
            return null;
        }
    }

    // What a master listens for is treated as it was told when it was started; and it may be ssh's.
    private static bool NeedsOwnForwards(HostConfig config) =>
        (!(config.LocalForwards.IsEmpty && config.DynamicForwards.IsEmpty)
            && (config.Admit is not null || config.Written.MaxConnections.Given is not null || config.ExpectPostgres is true || config.ExpectCert is not null || config.TargetTls is not null))
        || (config.StdioForward is not null && config.TargetTls is not null);

    private static async Task<int> RunForOwnerAsync(int pid, IReadOnlyList<string> args, SshCommandLine line, HostConfig config, Output output)
    {
        if (!OperatingSystem.IsLinux())
        {
            output.Error($"{LongOption.Owner}: other processes can be watched on Linux only");
            return Failed;
        }

        try
        {
            using OwnerProcess owner = OwnerProcess.Open(pid);
            return await RunUntilStoppedAsync(args, line, config, output, owner);
        }
        catch (UsageException e)
        {
            output.Error(e.Message);
            return Failed;
        }
    }

    private static async Task<int> RunUntilStoppedAsync(IReadOnlyList<string> args, SshCommandLine line, HostConfig config, Output output, OwnerProcess? owner)
    {
        // A signal may come when all is over, so it is never disposed.
        var stop = new CancellationTokenSource();
        PosixSignal? ended = null;
        bool ownerEnded = false;
        CommandRun? command = line.Words.IsEmpty ? null : new(line.Words, line.Form is CommandForm.Psql || config.ExpectPostgres is true, output);
        void OnSignal(PosixSignal signal)
        {
            if (command?.TryPass(signal) is true)
                return;
            ended = signal;
            stop.Cancel();
        }

        void OnOwnerEnded()
        {
            ownerEnded = true;
            stop.Cancel();
        }

        PosixSignal[] answered = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        LastingSignals.Answer(command is null ? answered : [.. answered, PosixSignal.SIGQUIT], OnSignal);
        using var watching = new CancellationTokenSource();
        Task watch = Task.WhenAll(
            Background.Child?.WatchWaiterAsync(stop.Cancel, watching.Token) ?? Task.CompletedTask,
            OperatingSystem.IsLinux() && owner is not null ? owner.WatchAsync(OnOwnerEnded, watching.Token) : Task.CompletedTask);
        try
        {
            return await RunAsync(args, line, config, command, output, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            output.Notice(OperatingSystem.IsLinux() && ownerEnded ? $"ended, since its owner, process {owner?.Pid}, has ended" : $"ended by {ended}");
            return ownerEnded ? 0 : Failed;
        }
        catch (Exception e) when (e is SshException or IOException or FormatException or ConfigException or UsageException or UnauthorizedAccessException or NetworkInformationException)
        {
            output.Error($"{config.Alias}: {Printable.Text(e.Message)}");
            return Failed;
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
        }
    }
}
