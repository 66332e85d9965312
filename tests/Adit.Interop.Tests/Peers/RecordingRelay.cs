using System.Net;
using System.Net.Sockets;

namespace Adit.Interop.Tests.Peers;

/// <summary>Passes bytes on to a port of this machine and keeps a copy of each direction, as whoever listens on the wire does.</summary>
internal sealed class RecordingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _sync = new();
    private readonly MemoryStream _toServer = new();
    private readonly MemoryStream _toClient = new();
    private readonly Task _loop;

    /// <param name="port">Where the server is.</param>
    public RecordingRelay(int port)
    {
        _listener.Start();
        _loop = RunAsync(port);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What has passed to the server so far.</summary>
    public byte[] ToServer => CopyOf(_toServer);

    /// <summary>What has passed to the client so far.</summary>
    public byte[] ToClient => CopyOf(_toClient);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private byte[] CopyOf(MemoryStream record)
    {
        lock (_sync)
            return record.ToArray();
    }

    private async Task RunAsync(int port)
    {
        List<Task> conversations = [];
        try
        {
            while (true)
                conversations.Add(ConverseAsync(await _listener.AcceptSocketAsync(_stop.Token), port));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConverseAsync(Socket near, int port)
    {
        using var client = near;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
            await Task.WhenAll(PumpAsync(client, server, _toServer), PumpAsync(server, client, _toClient));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // An end is gone, or the test is over.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, MemoryStream record)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
        {
            // Kept before it goes on: whoever has seen an answer finds the question here.
            lock (_sync)
                record.Write(buffer, 0, count);
            for (var sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
