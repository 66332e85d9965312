using Adit.Relay;

namespace Adit.SshLegs;

/// <summary>
/// The link of the moment, which may be down for a while: what is dialled meanwhile waits for the next one, up to a limit. Safe to use
/// from several threads. It owns no link.
/// </summary>
/// <param name="first">The link at the beginning.</param>
/// <param name="patience">How long a dial waits.</param>
/// <param name="time">The clock.</param>
internal sealed class ChangingLink(SshLink first, TimeSpan patience, TimeProvider time) : IDialer
{
    private readonly Lock _sync = new();
    private readonly string _server = first.Machine.Name;
    private SshLink? _link = first;
    private TaskCompletionSource<SshLink> _next = NewWait();
    private string _lost = string.Empty;
    private long _lostAt;

    /// <summary>The link; null while there is none.</summary>
    public SshLink? Current
    {
        get
        {
            lock (_sync)
                return _link;
        }
    }

    /// <summary>A link is lost. Nothing changes if it is that of the moment no longer.</summary>
    public void OnLost(SshLink link, string reason)
    {
        lock (_sync)
        {
            if (_link != link)
                return;
            _link = null;
            _lost = reason;
            _lostAt = time.GetTimestamp();
        }
    }

    /// <summary>There is a link again.</summary>
    public void OnRestored(SshLink link)
    {
        TaskCompletionSource<SshLink> waiting;
        lock (_sync)
        {
            _link = link;
            waiting = _next;
            _next = NewWait();
        }

        waiting.SetResult(link);
    }

    /// <summary>The link after one that is lost, once there is one.</summary>
    public async Task<SshLink> AfterAsync(SshLink lost, CancellationToken cancellationToken)
    {
        Task<SshLink> next;
        lock (_sync)
        {
            if (_link is { } link && link != lost)
                return link;
            next = _next.Task;
        }

        return await next.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        UseAsync(target, (link, cancelled) => link.Dialer.DialAsync(target, origin, cancelled), cancellationToken);

    /// <summary>Does something over one link: that of the moment, or the next one, and once more over the next where one is lost meanwhile.</summary>
    /// <param name="target">What is to be reached, for the message.</param>
    /// <param name="use">What is done; it says by a <see cref="DialException"/> that the link was lost.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DialException">There was no link in time.</exception>
    public async ValueTask<T> UseAsync<T>(Endpoint target, Func<SshLink, CancellationToken, ValueTask<T>> use, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            SshLink link = await LinkAsync(target, began, cancellationToken).ConfigureAwait(false);
            try
            {
                return await use(link, cancellationToken).ConfigureAwait(false);
            }
            catch (DialException e) when (e.Failure is DialFailure.ConnectionLost && patience > TimeSpan.Zero)
            {
                // Not a byte has moved, so the next link may do it. Whoever holds this one will say that it is lost.
                await link.Connection.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
                OnLost(link, e.Reason);
            }
        }
    }

    private async ValueTask<SshLink> LinkAsync(Endpoint target, long began, CancellationToken cancellationToken)
    {
        Task<SshLink> next;
        lock (_sync)
        {
            if (_link is { } link)
                return link;
            next = _next.Task;
        }

        TimeSpan left = patience - time.GetElapsedTime(began);
        try
        {
            return left > TimeSpan.Zero
                ? await next.WaitAsync(left, time, cancellationToken).ConfigureAwait(false)
                : throw new TimeoutException();
        }
        catch (TimeoutException e)
        {
            string down = $"the connection to {_server} is down for {time.GetElapsedTime(_lostAt).TotalSeconds:0} s now ({_lost})";
            throw new DialException(target, DialFailure.ConnectionLost, down, e);
        }
    }

    private static TaskCompletionSource<SshLink> NewWait() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
