using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Looks one TCP socket up in the kernel by its two ends (sock_diag(7), <c>inet_diag_req_v2</c> without a dump).</summary>
internal static class SockDiag
{
    private const ushort SockDiagByFamily = 20;
    private const ushort Error = 2;
    private const ushort Request = 1;
    private const byte ProtocolTcp = 6;

    private const int HeaderBytes = 16;
    private const int RequestBytes = HeaderBytes + 56;
    private const int SocketIdOffset = HeaderBytes + 8;
    private const int ReplyBytes = HeaderBytes + 72;
    private const int MaxReplyBytes = 4096;
    private const uint Sequence = 1;

    // INET_DIAG_CGROUP_ID of Linux 5.8.
    private const int AttributesOffset = ReplyBytes;
    private const int AttributeHeaderBytes = 4;
    private const ushort GroupAttribute = 21;

    private const int NoSuchEntry = -2;

    // Whether the kernel has found a socket once, so that it has what it takes to know of one.
    private static volatile bool _serves;

    /// <summary>Asks the kernel.</summary>
    /// <param name="local">The end of the socket that is looked for.</param>
    /// <param name="remote">The end that it is connected to.</param>
    /// <param name="socket">The socket; null if the kernel has none with these ends.</param>
    /// <returns>False where the kernel cannot be asked this way.</returns>
    internal static bool TryFind(IPEndPoint local, IPEndPoint remote, out KernelSocket? socket)
    {
        socket = null;
        IPAddress localAddress = Endpoint.Unmapped(local.Address);
        IPAddress remoteAddress = Endpoint.Unmapped(remote.Address);
        if (localAddress.AddressFamily != remoteAddress.AddressFamily)
            return true;
        Span<byte> request = stackalloc byte[RequestBytes];
        WriteRequest(request, localAddress, local.Port, remoteAddress, remote.Port);
        Span<byte> reply = stackalloc byte[MaxReplyBytes];
        int received = LinuxCalls.AskNetlinkSockDiag(request, reply);
        if (received < HeaderBytes + sizeof(int) || MemoryMarshal.Read<uint>(reply[8..]) != Sequence)
            return false;
        reply = reply[..received];
        ushort type = MemoryMarshal.Read<ushort>(reply[4..]);
        // No such connection, or no module that could know: before one was found, only /proc tells the two apart.
        if (type == Error)
            return _serves && MemoryMarshal.Read<int>(reply[HeaderBytes..]) == NoSuchEntry;
        if (type != SockDiagByFamily || received < ReplyBytes)
            return false;
        _serves = true;
        socket = ReadReply(reply[HeaderBytes..]) with { Group = ReadGroup(reply[AttributesOffset..]) };
        // Where no connection has these ends, the kernel answers with the listener of the local one.
        if (socket is { } found && !(ProcNetTcp.Same(found.Local, local) && ProcNetTcp.Same(found.Remote, remote)))
            socket = null;
        return true;
    }

    private static void WriteRequest(Span<byte> request, IPAddress local, int localPort, IPAddress remote, int remotePort)
    {
        request.Clear();
        // struct nlmsghdr
        MemoryMarshal.Write(request, (uint)RequestBytes);
        MemoryMarshal.Write(request[4..], SockDiagByFamily);
        MemoryMarshal.Write(request[6..], Request);
        MemoryMarshal.Write(request[8..], Sequence);
        // struct inet_diag_req_v2
        request[HeaderBytes] = (byte)(local.AddressFamily == AddressFamily.InterNetwork ? LinuxCalls.FamilyInet : LinuxCalls.FamilyInet6);
        request[HeaderBytes + 1] = ProtocolTcp;
        MemoryMarshal.Write(request[(HeaderBytes + 4)..], uint.MaxValue);
        // struct inet_diag_sockid, ends in network byte order; cookie of all ones: any
        Span<byte> id = request[SocketIdOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)localPort);
        BinaryPrimitives.WriteUInt16BigEndian(id[2..], (ushort)remotePort);
        local.TryWriteBytes(id[4..], out _);
        remote.TryWriteBytes(id[20..], out _);
        id[40..48].Fill(byte.MaxValue);
    }

    private static ulong? ReadGroup(ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= AttributeHeaderBytes)
        {
            int length = MemoryMarshal.Read<ushort>(attributes);
            if (length < AttributeHeaderBytes || length > attributes.Length)
                return null;
            if (MemoryMarshal.Read<ushort>(attributes[2..]) == GroupAttribute)
                return length == AttributeHeaderBytes + sizeof(ulong) ? MemoryMarshal.Read<ulong>(attributes[AttributeHeaderBytes..]) : null;
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }
        return null;
    }

    private static KernelSocket ReadReply(ReadOnlySpan<byte> message)
    {
        int addressBytes = message[0] == LinuxCalls.FamilyInet ? 4 : 16;
        ReadOnlySpan<byte> id = message[4..];
        IPEndPoint local = new(new IPAddress(id.Slice(4, addressBytes)), BinaryPrimitives.ReadUInt16BigEndian(id));
        IPEndPoint remote = new(new IPAddress(id.Slice(20, addressBytes)), BinaryPrimitives.ReadUInt16BigEndian(id[2..]));
        return new(local, remote, (TcpState)message[1], MemoryMarshal.Read<uint>(message[64..]), MemoryMarshal.Read<uint>(message[68..]));
    }
}
