using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Adit.Interop.Tests.Peers;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Engine;

/// <summary>The engine, without tunnel or command line, against sshd.</summary>
public abstract class EngineTest(ITestOutputHelper output) : PeerTest(output)
{
    internal const int Mebibyte = 1024 * 1024;

    private static readonly byte[] Block = TestBytes.Of(100_003);

    /// <summary>Connects, trusting sshd's own host keys and no other.</summary>
    internal async Task<SshConnection> ConnectAsync(SshdPeer sshd, Func<SshClientOptions, SshClientOptions>? adjust = null)
    {
        var trusted = sshd.HostKeys.Select(static key => key.PublicLine).ToArray();
        var options = new SshClientOptions
        {
            User = TestUser.Name,
            VerifyHostKey = (key, _) =>
            {
                Assert.Contains(key.ToString(), trusted);
                return default;
            },
            Authentication = [new PublicKeyMethod([await PrivateKeyAsync(await SshClientFiles.UserKeyAsync())])],
        };
        var connection = await SshClient.ConnectAsync(await DialAsync(sshd.Port), adjust?.Invoke(options) ?? options)
            .WithinAsync("the connection should be made or refused", () => sshd.Log);
        return Own(connection);
    }

    internal static async Task<NetworkStream> DialAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    internal static async Task<SshPrivateKey> PrivateKeyAsync(KeyPair key, string passphrase = "") =>
        SshPrivateKey.Parse(await File.ReadAllBytesAsync(key.PrivatePath), key.PrivatePath, System.Text.Encoding.UTF8.GetBytes(passphrase));

    internal static async Task<Channel> OpenAsync(SshConnection connection, int port) =>
        await connection.OpenTcpAsync("127.0.0.1", port, "127.0.0.1", 4001).AsTask().WithinAsync("the channel should open or fail");

    /// <summary>Sends to a <see cref="TcpService.Checksum"/> and compares what it received.</summary>
    internal static async Task SendAsync(SshConnection connection, TcpService checksum, long bytes)
    {
        await using var channel = await OpenAsync(connection, checksum.Port);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var left = bytes; left > 0; left -= Block.Length)
        {
            var part = Block.AsMemory(0, (int)Math.Min(left, Block.Length));
            hash.AppendData(part.Span);
            await channel.WriteAsync(part);
        }
        channel.CompleteOutput();
        Assert.Equal(Convert.ToHexStringLower(hash.GetHashAndReset()), System.Text.Encoding.ASCII.GetString(await ReadAllAsync(channel)));
    }

    /// <summary>Reads all of a <see cref="TcpService.Source"/> and compares it with what was sent.</summary>
    internal static async Task ReceiveAsync(SshConnection connection, TcpService source, long bytes)
    {
        await using var channel = await OpenAsync(connection, source.Port);
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (await channel.ReadAsync() is { IsEmpty: false } data)
            received.AppendData(data.Span);
        Assert.Equal(await Bulk.HashAsync(bytes), Convert.ToHexStringLower(received.GetHashAndReset()));
    }

    internal static async Task EchoAsync(SshConnection connection, TcpService echo)
    {
        await using var channel = await OpenAsync(connection, echo.Port);
        await channel.WriteAsync("hello below"u8.ToArray());
        channel.CompleteOutput();
        Assert.Equal("hello below"u8.ToArray(), await ReadAllAsync(channel));
    }

    internal static async Task<byte[]> ReadAllAsync(Channel channel)
    {
        using var all = new MemoryStream();
        while (await channel.ReadAsync().AsTask().WithinAsync("data or its end should come") is { IsEmpty: false } data)
            all.Write(data.Span);
        return all.ToArray();
    }
}
