using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Admitting;

/// <summary>Sockets of this process that are connected to each other over loopback and do nothing: a busy machine, as far as its tables go.</summary>
internal sealed class OpenSockets : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public OpenSockets(int count)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        while (_sockets.Count < count)
        {
            var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(near);
            near.Connect(listener.LocalEndPoint!);
            _sockets.Add(listener.Accept());
        }
    }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());
}
