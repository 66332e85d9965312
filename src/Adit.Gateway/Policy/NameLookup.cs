using System.Net;
using System.Threading.Channels;

namespace Adit.Gateway.Policy;

/// <summary>
/// Looks names up, so many at a time. The system's look-up blocks a thread and cannot be interrupted: each has one of its own, and whoever
/// asks for more waits, so that dead names stall nobody but those who ask for them.
/// </summary>
/// <param name="atATime">How many at a time.</param>
/// <param name="shared">Where all who look up share a larger number; null for nowhere.</param>
internal sealed class NameLookup(int atATime, NameLookup? shared = null)
{
    // A place is taken by writing, and given back by reading.
    private readonly Channel<string> _places = Channel.CreateBounded<string>(atATime);

    /// <summary>The addresses of a name.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name cannot be found.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        await _places.Writer.WriteAsync(host, cancellationToken).ConfigureAwait(false);
        Task<IPAddress[]> looking = shared is null ? LookAsync(host) : shared.ResolveAsync(host, cancellationToken);

        // The place is taken until the system answers, also when nobody waits for that any more.
        _ = looking.ContinueWith(
            static (_, places) => ((Channel<string>)places!).Reader.TryRead(out string? _), _places, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await looking.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static Task<IPAddress[]> LookAsync(string host) => Task.Factory.StartNew(
        static name => Dns.GetHostAddresses((string)name!), host, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
