using System.Runtime.InteropServices;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;

namespace Adit.Cli;

/// <summary><c>adit [ssh options] destination [command]</c>.</summary>
internal static class SshCommand
{
    private const int Failed = 255;

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        SshCommandLine line;
        HostConfig config;
        Output output;
        try
        {
            line = SshCommandLine.Parse(args);
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
            await Console.Error.WriteLineAsync($"adit: {e.Message}");
            return Failed;
        }

        using (output)
        {
            if (config.ForkAfterAuthentication && Background.Child is null)
                return await Background.StartAsync(args, $"the connection to {config.Alias} goes on");
            foreach (string warning in config.Warnings)
                output.Notice($"warning: {warning}");
            return await RunUntilStoppedAsync(line, config, output);
        }
    }

    private static TextWriter WriterOf(SshCommandLine line, HostConfig config) =>
        line.UsesSystemLog ? new SystemLog(config.SyslogFacility)
        : line.LogFile is { } file ? new StreamWriter(file, append: true) { AutoFlush = true }
        : Console.Error;

    /// <summary>What needs no connection; null for all else.</summary>
    private static string? Answer(SshCommandLine line) => line.Request switch
    {
        CommandLineRequest.Help => HelpText.Text,
        CommandLineRequest.Version => HelpText.Version,
        CommandLineRequest.Query => string.Join('\n', AlgorithmQuery.Lines(line.QueryWord)),
        CommandLineRequest.Config => string.Join('\n', EffectiveConfig.Lines(line.Resolve())),
        _ => null,
    };

    private static async Task<int> RunUntilStoppedAsync(SshCommandLine line, HostConfig config, Output output)
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
            return await new TunnelRun(line, config, output).RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            output.Notice($"ended by {ended}");
            return Failed;
        }
        catch (Exception e) when (e is SshException or IOException or FormatException or ConfigException)
        {
            output.Error($"{config.Alias}: {Printable.Text(e.Message)}");
            return Failed;
        }
    }
}
