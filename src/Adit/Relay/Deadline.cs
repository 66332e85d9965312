namespace Adit.Relay;

/// <summary>The time that one step may take: <see cref="Token"/> is cancelled when it is over, or when whoever waits for the step gives up.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _givenUp;
    private readonly CancellationToken _caller;

    /// <summary>Starts it.</summary>
    /// <param name="time">How long the step may take; infinite for as long as it likes.</param>
    /// <param name="clock">Whose time it is.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public Deadline(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        _over = new(time, clock);
        _caller = cancellationToken;
        _givenUp = cancellationToken.UnsafeRegister(static over => ((CancellationTokenSource)over!).Cancel(), _over);
    }

    /// <summary>What the step listens to.</summary>
    public CancellationToken Token => _over.Token;

    /// <summary>The time is over, and the caller waits still.</summary>
    public bool HasPassed => _over.IsCancellationRequested && !_caller.IsCancellationRequested;

    public void Dispose()
    {
        _givenUp.Dispose();
        _over.Dispose();
    }
}
