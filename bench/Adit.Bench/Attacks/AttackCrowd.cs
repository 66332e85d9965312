using System.Collections.Concurrent;
using System.Net.Sockets;
using Adit.Ssh;

namespace Adit.Bench.Attacks;

/// <summary>Attackers at work: each has one connection at a time, and comes again when the server has ended that.</summary>
internal sealed class AttackCrowd : IAsyncDisposable
{
    // As soon as a new connection costs an attacker nothing, and later than would exhaust the ports of the one machine that they all have.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, AttackCount> _counts = new(StringComparer.Ordinal);
    private readonly Task _attackers;

    private AttackCrowd(Victim victim, IReadOnlyList<Attack> attacks) =>
        _attackers = Task.WhenAll(attacks.Select(attack => Task.Run(() => AttackAsync(attack, victim))));

    /// <summary>How each attack went so far.</summary>
    public IReadOnlyDictionary<string, AttackCount> Counts => _counts;

    /// <summary>Starts one attacker for each attack that is named, so some may be named often.</summary>
    public static AttackCrowd Start(Victim victim, IReadOnlyList<Attack> attacks) => new(victim, attacks);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _attackers;
        _stop.Dispose();
    }

    private async Task AttackAsync(Attack attack, Victim victim)
    {
        AttackCount count = _counts.GetOrAdd(attack.Name, static _ => new());
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using NetworkStream stream = await victim.DialAsync(_stop.Token);
                count.Begin();
                await attack.RunAsync(stream, victim, _stop.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or SshException or OperationCanceledException or ObjectDisposedException)
            {
                // The server has ended it, or the attack is over.
            }

            if (_stop.IsCancellationRequested)
                return;
            count.End();
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <summary>How one kind of attack went. Safe to use from several threads.</summary>
internal sealed class AttackCount
{
    private int _begun;
    private int _ended;

    /// <summary>Connections that were made for it.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>Connections that the server ended, or did not take.</summary>
    public int Ended => Volatile.Read(ref _ended);

    public void Begin() => Interlocked.Increment(ref _begun);

    public void End() => Interlocked.Increment(ref _ended);
}
