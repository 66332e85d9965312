using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Adit.Tests.Shared;

/// <summary>Clients of ports of this machine.</summary>
internal static class LoopbackClient
{
    public static async Task<NetworkStream> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port).TestTime();
            return new(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>TLS over a connection, which it owns from then on.</summary>
    public static async Task<SslStream> BeginTlsAsync(Stream connection, SslClientAuthenticationOptions options)
    {
        var tls = new SslStream(connection, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(options).TestTime();
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }
}
