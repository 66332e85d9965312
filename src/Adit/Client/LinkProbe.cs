using System.Net.NetworkInformation;
using Adit.Ssh;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>
/// Asks whether a link is still alive when this machine has slept or has another address: it may be dead without having said so, which
/// would only be noticed at the next keepalive, if there is one.
/// </summary>
internal sealed class LinkProbe : IDisposable
{
    // The clock on the wall runs on while the machine sleeps, and the other one stands still.
    private static readonly TimeSpan Slept = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private DateTimeOffset _wall;
    private long _clock;
    private bool _hasMoved;

    /// <summary>Begins to look.</summary>
    public LinkProbe(TimeProvider time)
    {
        _time = time;
        (_wall, _clock) = (time.GetUtcNow(), time.GetTimestamp());
        NetworkChange.NetworkAddressChanged += OnAddressChanged;
    }

    /// <summary>To be called every second or so: asks a link, if there is one and reason to, and closes one that does not answer.</summary>
    public ValueTask CheckAsync(SshLink? link, CancellationToken cancellationToken)
    {
        DateTimeOffset wall = _time.GetUtcNow();
        bool hasSlept = wall - _wall - _time.GetElapsedTime(_clock) > Slept;
        (_wall, _clock) = (wall, _time.GetTimestamp());
        bool hasMoved = Interlocked.Exchange(ref _hasMoved, false);
        return link is not null && (hasSlept || hasMoved) ? AskAsync(link, cancellationToken) : default;
    }

    public void Dispose() => NetworkChange.NetworkAddressChanged -= OnAddressChanged;

    /// <summary>An address of this machine has changed. The system calls it.</summary>
    internal void OnAddressChanged(object? sender, EventArgs e) => Volatile.Write(ref _hasMoved, true);

    private async ValueTask AskAsync(SshLink link, CancellationToken cancellationToken)
    {
        try
        {
            await link.Connection.RequestAsync("keepalive@openssh.com", [], cancellationToken).AsTask().WaitAsync(Patience, _time, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            link.Connection.Close(CloseReason.KeepAliveTimeout, "the server does not answer since this machine slept or changed its address");
        }
        catch (SshException)
        {
            // It is lost already.
        }
    }
}
