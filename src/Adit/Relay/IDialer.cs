using System.Net;

namespace Adit.Relay;

/// <summary>Makes the onward connection of a tunnel. Implementations are safe for concurrent calls.</summary>
internal interface IDialer
{
    /// <summary>Connects to a target. A slow or dead target delays nobody but its own caller.</summary>
    /// <param name="target">What to connect to, as seen from the dialer's far end.</param>
    /// <param name="origin">Who asked, to be passed on where the protocol has a field for it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection, which the caller owns, and the way that it takes.</returns>
    /// <exception cref="DialException">The connection could not be made; says why in a word for programs and in words for people.</exception>
    ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken);
}

/// <summary>A connection that a dialer made.</summary>
/// <param name="Duplex">The stream to the target.</param>
/// <param name="Route">The legs from the machine of the dialer to the target.</param>
internal sealed record DialedConnection(Duplex Duplex, Route Route)
{
    /// <summary>The address that was reached, where the connection is TCP from this machine; else null.</summary>
    public IPEndPoint? Peer { get; init; }
}
