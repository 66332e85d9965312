using System.Runtime.Versioning;
using Adit.Relay;
using Adit.Stunnel;
using Adit.TlsTunnels;
using Adit.Wording;

namespace Adit.Cli.Tls;

/// <summary><c>adit tls</c> and <c>adit stunnel</c>: TLS for programs that do not speak it, by stunnel's own files and command line.</summary>
[SupportedOSPlatform("linux")]
internal static class TlsCommand
{
    private const int Failed = 255;

    public static async Task<int> RunAsync(IReadOnlyList<string> args, bool isStunnel)
    {
        try
        {
            TlsCommandLine line = TlsCommandLine.Parse(args, isStunnel);
            switch (line.Request)
            {
                case TlsRequest.Help:
                    await Console.Out.WriteLineAsync(HelpText.Tls);
                    return 0;
                case TlsRequest.Version:
                    await Console.Out.WriteLineAsync(HelpText.Version);
                    return 0;
                case TlsRequest.Options:
                    foreach (string option in OptionTable.Lines())
                        await Console.Out.WriteLineAsync(option);
                    return 0;
                case TlsRequest.Check:
                    return await CheckAsync(line.Read());
                default:
                    return await ServeAsync(line, isStunnel ? "stunnel" : "tls", args);
            }
        }
        catch (Exception e) when (e is UsageException or StunnelException or IOException or UnauthorizedAccessException)
        {
            Complain(e.Message);
            return Failed;
        }
    }

    private static async Task<int> ServeAsync(TlsCommandLine line, string word, IReadOnlyList<string> args)
    {
        StunnelConfiguration configuration = line.Read();
        if (configuration.IsInetd && !InheritedSockets.AreExpected)
            return await SingleRun.RunAsync(configuration) ? 0 : Failed;
        // A service manager that looks after this process must not lose sight of it.
        bool stays = line.Foreground || configuration.Global.Foreground is not StunnelForeground.No || InheritedSockets.AreExpected;
        if (!stays && Background.Child is null)
        {
            return line.ConfigDescriptor is null
                ? await Background.StartAsync([word, .. args], "the tunnel goes on")
                : throw new UsageException("a configuration that comes from a descriptor cannot be read again in the background; write foreground = yes in it");
        }

        await using var run = new TlsRun(line, configuration);
        await run.ServeAsync();
        return 0;
    }

    private static async Task<int> CheckAsync(StunnelConfiguration configuration)
    {
        foreach (string warning in configuration.Warnings)
            await StandardError.Writer.WriteLineAsync($"adit: {warning}");
        await TlsServices.LoadAsync(configuration);
        foreach (StunnelService service in configuration.Services)
        {
            await Console.Out.WriteLineAsync(Printable.Text(ServiceLine.Of(service, service.Accept.Select(static end => end.ToString()))));
            if (ServiceLine.Danger(service) is { } danger)
                await StandardError.Writer.WriteLineAsync($"adit: {Printable.Text(danger)}");
        }

        return 0;
    }

    // To a client of inetd it would be a part of the conversation.
    private static void Complain(string message)
    {
        if (!StandardSocket.IsErrorToo)
        {
            StandardError.Writer.WriteLine($"adit: {message}");
            return;
        }

        try
        {
            using var log = new SystemLog("daemon", "stunnel");
            log.WriteLine((int)SyslogLevel.Err, message);
        }
        catch (IOException)
        {
            // There is nobody to tell; the exit code says that it failed.
        }
    }
}
