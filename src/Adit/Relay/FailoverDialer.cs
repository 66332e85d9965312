namespace Adit.Relay;

/// <summary>Dials one of several targets that serve alike: the next one where one cannot be reached.</summary>
/// <param name="inner">Reaches them; not owned.</param>
/// <param name="targets">The targets, at least one. Which one is asked for does not matter.</param>
/// <param name="takesTurns">Whether each connection begins with the next target; else with the first.</param>
/// <param name="timeout">How long each may take.</param>
/// <param name="time">The clock.</param>
internal sealed class FailoverDialer(IDialer inner, IReadOnlyList<Endpoint> targets, bool takesTurns, TimeSpan timeout, TimeProvider time) : IDialer
{
    private uint _turn = uint.MaxValue;

    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        int first = takesTurns ? (int)(Interlocked.Increment(ref _turn) % (uint)targets.Count) : 0;
        List<DialException> failures = [];
        for (int i = 0; i < targets.Count; i++)
        {
            Endpoint next = targets[(first + i) % targets.Count];
            using var deadline = new Deadline(timeout, time, cancellationToken);
            try
            {
                return await inner.DialAsync(next, origin, deadline.Token).ConfigureAwait(false);
            }
            catch (DialException e)
            {
                failures.Add(e);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                failures.Add(new DialException(next, DialFailure.TimedOut, $"no answer within {timeout.TotalSeconds:0.###} s", e));
            }
        }

        throw failures.Count == 1
            ? failures[0]
            : new DialException(targets[0], failures[0].Failure, $"{failures[0].Reason}; nor to {string.Join("; nor to ", failures.Skip(1).Select(static e => $"{e.Target}: {e.Reason}"))}", failures[0]);
    }
}
