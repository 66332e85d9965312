using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Endings;

/// <summary>Keeps the forwards of a round busy from the moment at which they are there: each has a connection on which an echo is awaited again and again.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _all;

    public Traffic(IEnumerable<EndPoint> ends) => _all = Task.WhenAll(ends.Select(end => Task.Run(() => MoveAsync(end, _stop.Token))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _all;
        _stop.Dispose();
    }

    private static async Task MoveAsync(EndPoint end, CancellationToken stop)
    {
        byte[] block = new byte[4096];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(end, stop);
                do
                {
                    await socket.SendAsync(block, stop);
                }
                while (await socket.ReceiveAsync(block, stop) > 0);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // It is not there yet, or no longer.
            }

            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
