using System.Runtime.CompilerServices;
using Adit.Probe;
using Adit.Relay;
using Adit.Ssh;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>
/// Dials only where PostgreSQL answers as expected. It looks once for each link, since the next one may lead to another machine: before
/// the first connection goes over it, and again for the next one if it was not as expected.
/// </summary>
/// <param name="link">What is dialled over.</param>
/// <param name="expectation">What has to answer.</param>
/// <param name="time">The clock.</param>
internal sealed class ExpectingDialer(ChangingLink link, PostgresExpectation expectation, TimeProvider time) : IDialer
{
    private readonly Lock _sync = new();

    // A link that is lost is held by nobody.
    private readonly ConditionalWeakTable<SshLink, Task> _looks = [];

    /// <summary>Looks over the link of the moment, or the next one.</summary>
    /// <exception cref="ProbeException">What answers is not what is expected.</exception>
    /// <exception cref="DialException">The target cannot be reached.</exception>
    public async Task LookAsync(CancellationToken cancellationToken) =>
        await link.UseAsync(expectation.Target, LookAsync, cancellationToken).ConfigureAwait(false);

    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        try
        {
            return await link.UseAsync(target, DialOverAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (ProbeException e)
        {
            throw new DialException(target, DialFailure.Prohibited, $"it {e.Reason}", e);
        }

        async ValueTask<DialedConnection> DialOverAsync(SshLink over, CancellationToken cancelled)
        {
            await LookAsync(over, cancelled).ConfigureAwait(false);
            return await over.Dialer.DialAsync(target, origin, cancelled).ConfigureAwait(false);
        }
    }

    // Those who come while it looks wait for the same look, which lasts 10 seconds at most and goes on without them.
    private async ValueTask<bool> LookAsync(SshLink over, CancellationToken cancellationToken)
    {
        Task? look;
        lock (_sync)
        {
            if (!_looks.TryGetValue(over, out look) || look.IsFaulted)
            {
                look = CheckAsync(over);
                _looks.AddOrUpdate(over, look);
            }
        }

        await look.WaitAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task CheckAsync(SshLink over)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await new PostgresProbe(over.Dialer, time).CheckAsync(expectation.Target, expectation.Fingerprint, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ProbeException e) when (IsOfLink(e) || over.Connection.Closed.IsCompleted)
        {
            throw new DialException(expectation.Target, DialFailure.ConnectionLost, "the connection was lost while the target was looked at", e);
        }
    }

    private static bool IsOfLink(ProbeException failure)
    {
        Exception? cause = failure;
        while (cause is not (null or SshClosedException))
            cause = cause.InnerException;
        return cause is not null;
    }
}
