using System.Runtime.Versioning;
using Adit.Relay;
using Adit.Stunnel;
using Adit.TlsTunnels;

namespace Adit.Cli.Tls;

/// <summary>Serves one connection, standard input and output: what inetd starts for each of them.</summary>
[SupportedOSPlatform("linux")]
internal static class SingleRun
{
    /// <summary>Serves it to its end.</summary>
    /// <returns>Whether it was served.</returns>
    /// <exception cref="IOException">A file cannot be used, or the connection cannot be served.</exception>
    /// <exception cref="StunnelException">What an option says cannot be had.</exception>
    public static async Task<bool> RunAsync(StunnelConfiguration configuration)
    {
        bool standardError = configuration.Global.Foreground is StunnelForeground.Yes && !StandardSocket.IsErrorToo;
        using var log = new TlsLog(LogTargets.Open(configuration.Global, standardError), configuration.Global.Debug);
        foreach (string warning in configuration.Warnings)
            log.Say(SyslogLevel.Warning, warning);
        StunnelService service = configuration.Services[0];
        if (ServiceLine.Danger(service) is { } danger)
            log.Write(SyslogLevel.Warning, danger, aloud: !StandardSocket.IsErrorToo);
        ServiceTerms terms = (await TlsServices.LoadAsync(configuration))[0];
        var events = new ServiceEvents(service, log, new());
        var outcome = new Outcome(events);
        IListener listener = StandardSocket.Take() is { } connection ? new SingleListener(connection) : new StdioListener(StandardStreams.Open());
        await using (TlsService serving = TlsService.Start(terms, [new LentListener(listener, service.Reset)], outcome))
            return await outcome.Served;
    }

    /// <summary>Passes events on, and keeps how the connection ended.</summary>
    private sealed class Outcome(ITunnelEvents events) : ITunnelEvents
    {
        private readonly TaskCompletionSource<bool> _served = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Served => _served.Task;

        public void Report(TunnelEvent tunnelEvent)
        {
            events.Report(tunnelEvent);
            if (tunnelEvent is ConnectionRefused or ConnectionClosed)
                _served.TrySetResult(tunnelEvent is ConnectionClosed);
        }
    }
}
