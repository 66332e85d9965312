using Adit.Ssh;

namespace Adit.Mux;

/// <summary>How much a proxy client lets us send on a channel (RFC 4254 section 5.2). Safe to use from several threads.</summary>
internal sealed class ProxyWindow
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _left;

    /// <exception cref="SshFormatException">The window is larger than windows may be.</exception>
    internal void Add(uint bytes)
    {
        lock (_lock)
        {
            if (uint.MaxValue - _left < bytes)
                throw new SshFormatException("a window grew beyond 2^32 - 1 bytes");
            _left += bytes;
            _grown.TrySetResult();
        }
    }

    /// <summary>Takes up to so many bytes, and waits while there are none.</summary>
    internal async ValueTask<int> TakeAsync(int most, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task grown;
            lock (_lock)
            {
                if (_left > 0)
                {
                    int taken = (int)Math.Min(_left, (uint)most);
                    _left -= (uint)taken;
                    return taken;
                }

                if (_grown.Task.IsCompleted)
                    _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
                grown = _grown.Task;
            }

            await grown.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
