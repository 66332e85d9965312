using System.Net;
using System.Net.Sockets;
using Adit.Ssh.Keys;

namespace Adit.Bench.Attacks;

/// <summary>The server that attackers misuse.</summary>
/// <param name="Port">Its port on the loopback address.</param>
/// <param name="User">A user whom it lets in.</param>
/// <param name="Key">That user's key.</param>
/// <param name="TargetPort">A port of the loopback address to which that user may open channels; nobody has to listen there.</param>
internal sealed record Victim(int Port, string User, SshPrivateKey Key, int TargetPort)
{
    public async Task<NetworkStream> DialAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
