using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Adit.Tests.Shared;

namespace Adit.Interop.Tests.Peers;

/// <summary>Large transfers through a tunnel and back, with the proof that not a byte changed.</summary>
internal static class Bulk
{
    private const int BlockSize = 64 * 1024 - 7;

    private static readonly byte[] Pattern = TestBytes.Of(BlockSize);

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> Blocks(long bytes)
    {
        for (; bytes > 0; bytes -= BlockSize)
        {
            await Task.Yield();
            yield return Pattern.AsMemory(0, (int)Math.Min(bytes, BlockSize));
        }
    }

    /// <summary>Sends to a <see cref="TcpService.Checksum"/> behind this port; fails when what arrived is not what was sent.</summary>
    public static Task SendAsync(int port, long bytes, CancellationToken cancellationToken = default) =>
        SendAsync(new IPEndPoint(IPAddress.Loopback, port), bytes, cancellationToken);

    public static async Task SendAsync(EndPoint at, long bytes, CancellationToken cancellationToken = default)
    {
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at, cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var stream = new NetworkStream(socket);
        await foreach (var block in Blocks(bytes).WithCancellation(cancellationToken))
        {
            hash.AppendData(block.Span);
            await stream.WriteAsync(block, cancellationToken);
        }
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.Equal(Convert.ToHexStringLower(hash.GetHashAndReset()), await reader.ReadToEndAsync(cancellationToken));
    }

    /// <summary>Reads all that a <see cref="TcpService.Source"/> behind this port sends; fails when it is not what it should be.</summary>
    public static Task ReceiveAsync(int port, long bytes, CancellationToken cancellationToken = default) =>
        ReceiveAsync(new IPEndPoint(IPAddress.Loopback, port), bytes, cancellationToken);

    public static async Task ReceiveAsync(EndPoint at, long bytes, CancellationToken cancellationToken = default)
    {
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var received = await SHA256.HashDataAsync(stream, cancellationToken);
        Assert.Equal(await HashAsync(bytes), Convert.ToHexStringLower(received));
    }

    /// <summary>SHA-256 of so many bytes of <see cref="Blocks"/>, in hexadecimal.</summary>
    public static async Task<string> HashAsync(long bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await foreach (var block in Blocks(bytes))
            hash.AppendData(block.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Sends one line to a <see cref="TcpService.Echo"/> behind this port and expects it back.</summary>
    public static Task EchoAsync(int port, string line = "hello below", CancellationToken cancellationToken = default) =>
        EchoAsync(new IPEndPoint(IPAddress.Loopback, port), line, cancellationToken);

    public static async Task EchoAsync(EndPoint at, string line = "hello below", CancellationToken cancellationToken = default)
    {
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line), cancellationToken);
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.Equal(line, await reader.ReadToEndAsync(cancellationToken));
    }
}
