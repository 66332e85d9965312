using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

/// <summary>Tests with a server of their own.</summary>
public abstract class LibraryTest : IAsyncLifetime
{
    internal const string Host = "127.0.0.1";

    internal LoopbackServer Server { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Server.DisposeAsync().AsTask();

    internal Task<SshTunnel> OpenAsync() => SshTunnel.OpenAsync(Host, Server.Options).TestTime();

    internal static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        return await reader.ReadToEndAsync().TestTime();
    }

    /// <summary>What comes back for <c>ping</c> at an end of this machine.</summary>
    internal static async Task<string> AskAsync(EndPoint where, AddressFamily family)
    {
        using var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(where);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync("ping"u8.ToArray());
        socket.Shutdown(SocketShutdown.Send);
        return await ReadToEndAsync(stream);
    }
}
