using Adit.Relay;

namespace Adit.Cli;

/// <summary>ssh's -W: standard input and output as one connection to a target of the server.</summary>
internal static class StdioForward
{
    /// <summary>Relays until both directions ended.</summary>
    /// <returns>What failed, in words; null where nothing did.</returns>
    public static async Task<string?> RunAsync(IDialer dialer, Endpoint target, RelayOptions terms, ITunnelEvents events, CancellationToken stop)
    {
        var outcome = new Outcome(events);
        var listener = new StdioListener(StandardStreams.Open());
        await using Forward forward = Forward.Start(listener, target, dialer, new() { Admission = Admission.AnyPeer, Relay = terms, Events = outcome });
        return await outcome.Failure.WaitAsync(stop);
    }

    /// <summary>Passes events on, and keeps the one that ends the connection.</summary>
    private sealed class Outcome(ITunnelEvents events) : ITunnelEvents
    {
        private readonly TaskCompletionSource<string?> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string?> Failure => _failure.Task;

        public void Report(TunnelEvent tunnelEvent)
        {
            if (tunnelEvent is ConnectionRefused refused)
            {
                _failure.TrySetResult($"stdio forwarding to {refused.Target} failed: {refused.Refusal.Reason}");
                return;
            }

            events.Report(tunnelEvent);
            if (tunnelEvent is ConnectionClosed closed)
                _failure.TrySetResult(closed.Failure is null ? null : $"stdio forwarding to {closed.Target} ended: {closed.Failure}");
        }
    }
}
