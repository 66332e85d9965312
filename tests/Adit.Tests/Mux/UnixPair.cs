using System.Net.Sockets;

namespace Adit.Tests.Mux;

/// <summary>Two connected Unix sockets.</summary>
internal static class UnixPair
{
    public static (Socket Near, Socket Far) Create()
    {
        string name = $"\0adit-{Guid.NewGuid():N}";
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(name));
        listener.Listen();
        Socket near = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        near.Connect(new UnixDomainSocketEndPoint(name));
        return (near, listener.Accept());
    }
}
