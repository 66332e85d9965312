using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Asks a silent peer with the global request keepalive@openssh.com. Any packet from the peer counts as a sign of life.</summary>
internal static class KeepAlive
{
    /// <summary>The request; a peer answers it with failure, which is a sign of life as good as any.</summary>
    public const string Request = "keepalive@openssh.com";

    // A peer that sends other things and never an answer would make them pile up.
    private const int MaxUnanswered = 16;

    /// <summary>Runs until the connection ends.</summary>
    public static async Task RunAsync(
        SshTransport transport, GlobalRequests requests, KeepAliveOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Interval == TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(options.Interval, time);
        uint heard = transport.InboundSequence;
        int unanswered = 0;
        var asked = new List<Task>();
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                uint now = transport.InboundSequence;
                unanswered = now == heard ? unanswered : 0;
                heard = now;
                if (unanswered >= options.CountMax)
                {
                    transport.Close(
                        CloseReason.KeepAliveTimeout,
                        $"the peer gave no answer to {unanswered} keepalives in {(options.Interval * options.CountMax).TotalSeconds:0.#} s");
                    break;
                }

                unanswered++;
                asked.RemoveAll(static task => task.IsCompleted);
                if (asked.Count < MaxUnanswered)
                    asked.Add(requests.SendAsync(Request, [], cancellationToken).AsTask());
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The connection has ended; so does the asking.
        }
        finally
        {
            await Task.WhenAll(asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
