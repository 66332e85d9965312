using System.Runtime.InteropServices;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.SshLegs;

namespace Adit.Cli;

/// <summary><c>adit [ssh options] destination</c>: logs in, opens the forwards, and holds them until a signal or the end of the connection.</summary>
internal sealed class SshCommand
{
    private const int Failed = 255;

    private readonly HostConfig _config;
    private readonly Output _output;

    private SshCommand(HostConfig config, Output output)
    {
        _config = config;
        _output = output;
    }

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        SshCommandLine line;
        HostConfig config;
        Output output;
        try
        {
            line = SshCommandLine.Parse(args);
            if (line.Request is not CommandLineRequest.Connect)
            {
                await Console.Out.WriteLineAsync(line.Request is CommandLineRequest.Help ? HelpText.Text : HelpText.Version);
                return 0;
            }

            config = line.Resolve();
            output = new Output(line.LogFile, config.LogLevel);
        }
        catch (Exception e) when (e is UsageException or ConfigException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"adit: {e.Message}");
            return Failed;
        }

        foreach (string note in line.Notes)
            output.Debug(note);
        using (output)
            return await new SshCommand(config, output).RunUntilEndAsync();
    }

    private async Task<int> RunUntilEndAsync()
    {
        using var stop = new CancellationTokenSource();
        PosixSignal? ended = null;
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            ended = context.Signal;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        try
        {
            await using var login = new Login(_config, new ConsoleDialog(_output), _output);
            await using Tunnel tunnel = await Tunnel.OpenAsync(_config.Alias, login.ConnectAsync, Options(), stop.Token);
            return await HoldAsync(tunnel, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _output.Notice($"ended by {ended}");
            return Failed;
        }
        catch (Exception e) when (e is SshException or DialException or FormatException)
        {
            _output.Error($"{_config.Alias}: {Printable.Text(e.Message)}");
            return Failed;
        }
    }

    private TunnelOptions Options() => new()
    {
        AddressFamily = _config.AddressFamily,
        Events = _output,
    };

    private async Task<int> HoldAsync(Tunnel tunnel, CancellationToken stop)
    {
        ConnectionInfo info = tunnel.Link!.Connection.Info;
        _output.Debug($"logged in to {_config.HostName} as {_config.User}; server {info.PeerIdentification}, {info.Kex}, {info.CipherToServer}");
        if (!await OpenForwardsAsync(tunnel, stop))
            return Failed;
        SshClosedException reason = await tunnel.Ended.WaitAsync(stop);
        _output.Error($"connection to {_config.Alias} lost, it was up for {Duration(DateTimeOffset.UtcNow - tunnel.Since)}: {Printable.Text(reason.Message)}");
        return Failed;
    }

    private async Task<bool> OpenForwardsAsync(Tunnel tunnel, CancellationToken stop)
    {
        foreach ((ForwardSpec spec, ConfigSource source) in _config.LocalForwards)
        {
            try
            {
                await OpenForwardAsync(tunnel, spec, stop);
            }
            catch (ListenException e)
            {
                _output.Error($"{e.Message} ({source})");
                if (_config.ExitOnForwardFailure)
                    return false;
            }
        }

        return tunnel.Forwards.Count > 0 || _config.LocalForwards.IsEmpty;
    }

    private async Task OpenForwardAsync(Tunnel tunnel, ForwardSpec spec, CancellationToken stop)
    {
        _output.Debug($"local forward {spec}: connections to {spec.Listen} go to {spec.Target}");
        var forward = (LocalTunnelForward)await tunnel.AddAsync(ForwardDirection.Local, spec, stop);
        _output.Debug($"listening on {string.Join(", ", forward.Endpoints)}");
        if (forward.IsExposed)
            _output.Notice($"warning: {spec.Listen} can be reached from other machines, by anyone");
        if (tunnel.Link is { } link)
            _output.Notice(forward.RouteOver(link).ToString());
    }

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0.0} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{(long)time.TotalHours} h {time.Minutes} min",
    };
}
