using System.Net.Sockets;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Connects to a Unix socket of this machine.</summary>
internal sealed class UnixDialer : IDialer
{
    private static readonly Machine ThisMachine = new("this machine");

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The target is not a Unix socket.</exception>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!target.IsUnix)
            throw new ArgumentException($"{target} is not a Unix socket", nameof(target));
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await SocketConnect.RunAsync(socket, UnixAddress.Of(target.Path), cancellationToken).ConfigureAwait(false);
            return new(new SocketDuplex(socket), new Route(Leg.Plain(ThisMachine, target)));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            throw new DialException(target, DialFailure.NameNotFound, "the socket does not exist", e);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw DialException.From(target, e);
        }
        catch (FormatException e)
        {
            socket.Dispose();
            throw new DialException(target, DialFailure.Other, e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
