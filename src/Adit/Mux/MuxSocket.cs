using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Mux.Messages;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>
/// One connection between a client and a master: packets and descriptors, in order. It never reads past the end of a packet, because
/// what follows may be a descriptor, or another protocol. One read at a time; writes may come from anywhere. It owns the socket.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MuxSocket(Socket socket) : IDisposable
{
    // socket(7): SOL_SOCKET and SO_PEERCRED, which fills struct ucred { pid, uid, gid }.
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private const int CredentialsBytes = 12;

    // How long a full socket is left alone before a descriptor is offered to it again.
    private static readonly TimeSpan FullSocketPause = TimeSpan.FromMilliseconds(5);

    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Whose process is at the other end, by the kernel's word; null where it does not say.</summary>
    internal uint? PeerUserId
    {
        get
        {
            Span<byte> credentials = stackalloc byte[CredentialsBytes];
            return socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) == CredentialsBytes
                ? MemoryMarshal.Read<uint>(credentials[4..])
                : null;
        }
    }

    /// <summary>Whether the other end is this user, or root, who can do all that this user can.</summary>
    internal bool IsPeerTrusted => PeerUserId is { } user && (user == 0 || user == LinuxCalls.GetEffectiveUserId());

    /// <summary>The next packet behind its length; null at the end of the connection between two packets.</summary>
    /// <exception cref="SshFormatException">The packet is longer than packets may be, or is cut off.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    internal async ValueTask<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] header = new byte[sizeof(uint)];
        int read = await FillAsync(header, cancellationToken).ConfigureAwait(false);
        if (read == 0)
            return null;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (read == header.Length && length > MuxMessage.MaxPacket)
            throw new SshFormatException($"a packet claims {length} bytes where {MuxMessage.MaxPacket} are the most");
        byte[] packet = new byte[read == header.Length ? length : 0];
        return read == header.Length && await FillAsync(packet, cancellationToken).ConfigureAwait(false) == packet.Length
            ? packet
            : throw new SshFormatException("the connection ended within a packet");
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    internal ValueTask WriteAsync<T>(in T message, CancellationToken cancellationToken)
        where T : struct, IMuxMessage<T> => WriteAsync(MuxMessage.Encode(message), [], cancellationToken);

    /// <summary>Sends a message and the descriptors that belong to it.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    internal ValueTask WriteAsync<T>(in T message, IReadOnlyList<SafeHandle> descriptors, CancellationToken cancellationToken)
        where T : struct, IMuxMessage<T> => WriteAsync(MuxMessage.Encode(message), descriptors, cancellationToken);

    /// <summary>Receives so many descriptors, which are the caller's from then on.</summary>
    /// <exception cref="MuxException">Something else came; nothing of what came stays open.</exception>
    /// <exception cref="SocketException">The connection failed; likewise.</exception>
    internal async ValueTask<SafeFileHandle[]> ReadDescriptorsAsync(int count, CancellationToken cancellationToken)
    {
        SafeFileHandle?[] received = new SafeFileHandle?[count];
        try
        {
            for (int i = 0; i < count; i++)
            {
                while (!DescriptorPassing.TryReceive(socket.SafeHandle, out received[i]))
                    await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false); // until something is there
            }

            return received!;
        }
        catch
        {
            foreach (SafeFileHandle? one in received)
                one?.Dispose();
            throw;
        }
    }

    /// <summary>Gives the connection to a protocol that follows; this object is of no use from then on.</summary>
    internal SocketDuplex ToDuplex() => new(socket);

    public void Dispose()
    {
        socket.Dispose();
        _writing.Dispose();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> packet, IReadOnlyList<SafeHandle> descriptors, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!packet.IsEmpty)
                packet = packet[await socket.SendAsync(packet, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
            foreach (SafeHandle descriptor in descriptors)
            {
                while (!DescriptorPassing.TrySend(socket.SafeHandle, descriptor))
                    await Task.Delay(FullSocketPause, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async ValueTask<int> FillAsync(Memory<byte> block, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < block.Length
            && await socket.ReceiveAsync(block[filled..], SocketFlags.None, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            filled += count;
        }

        return filled;
    }
}
