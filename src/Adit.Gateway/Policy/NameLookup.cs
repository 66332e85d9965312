using System.Net;
using System.Net.Sockets;

namespace Adit.Gateway.Policy;

/// <summary>
/// Begins to look a name up as soon as there is a place for that. The outer task is the wait for the place, which can be cancelled; the
/// inner one is the look-up itself, which cannot.
/// </summary>
internal delegate Task<Task<IPAddress[]>> NameQuery(string host, CancellationToken cancellationToken);

/// <summary>
/// Looks names up, so many at a time. The system's look-up blocks a thread and cannot be interrupted: each has one of its own, and whoever
/// asks for more waits, so that dead names stall nobody but those who ask for them.
/// </summary>
/// <param name="atATime">How many at a time.</param>
/// <param name="next">Where they go on: the places of more people, or at last <see cref="AskSystem"/>.</param>
internal sealed class NameLookup(int atATime, NameQuery next)
{
    private readonly LookupPlaces _places = new(atATime);

    /// <summary>The addresses of a name.</summary>
    /// <exception cref="SocketException">The name cannot be found, or is none.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        Task<IPAddress[]> looking = await BeginAsync(host, cancellationToken).ConfigureAwait(false);
        return await looking.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="NameQuery"/>.</summary>
    public Task<Task<IPAddress[]>> BeginAsync(string host, CancellationToken cancellationToken) => _places.BeginAsync(host, next, cancellationToken);

    /// <summary>The system's look-up, on a thread of its own.</summary>
    public static Task<Task<IPAddress[]>> AskSystem(string host, CancellationToken cancellationToken) => Task.FromResult(Task.Factory.StartNew(
        static name => Look((string)name!), host, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private static IPAddress[] Look(string host)
    {
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (ArgumentException)
        {
            // Longer than any name can be.
            throw new SocketException((int)SocketError.HostNotFound);
        }
    }
}
