namespace Adit.Gateway.Limits;

/// <summary>Counts the bytes of one connection, both directions together, and holds them to its user's rate. Safe to use from several threads.</summary>
internal sealed class ByteMeter(ByteRate rate, TimeProvider time)
{
    private long _total;

    /// <summary>Bytes so far.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Whether anybody has to wait.</summary>
    public bool IsLimited { get; set; }

    public void Count(int bytes) => Interlocked.Add(ref _total, bytes);

    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait = rate.Take(bytes);
        if (wait > TimeSpan.FromMilliseconds(1))
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
    }
}
