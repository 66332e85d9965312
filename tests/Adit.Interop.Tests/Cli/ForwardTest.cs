using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Forwards that the command asks of each server.</summary>
public abstract class ForwardTest(ITestOutputHelper output) : TunnelTest(output)
{
    /// <summary>Those that a forward has to work with alike.</summary>
    public static TheoryData<string> Servers => ["sshd", "gateway"];

    /// <summary>Starts a server with these lines of configuration.</summary>
    internal async Task<ServerPeer> StartServerAsync(string kind, params IReadOnlyList<string> config)
    {
        var server = await ServerPeer.StartKindAsync(kind, new() { Config = config });
        return Own(server, () => server.Log);
    }

    /// <summary>Starts the command with <c>-N</c>.</summary>
    internal Task<ChildProcess> StartTunnelAsync(ServerPeer server, params IReadOnlyList<string> options) =>
        StartAditAsync(["-F", server.Client.ConfigPath, "-N", .. options, SshClientFiles.Alias]);

    /// <summary>Ends it as Ctrl-C does.</summary>
    internal static async Task EndAsync(ChildProcess client)
    {
        client.Signal(PosixSignal.SIGTERM);
        await client.ExitAsync();
    }

    /// <summary>All that the far end of a port of this machine says.</summary>
    internal static async Task<string> ReadAsync(EndPoint at)
    {
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at);
        return await ReadAsync(socket);
    }

    /// <inheritdoc cref="ReadAsync(EndPoint)"/>
    internal static Task<string> ReadAsync(int port) => ReadAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>All that the far end says from now on.</summary>
    internal static async Task<string> ReadAsync(Socket socket)
    {
        var received = new StringBuilder();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer).WithinAsync("data or its end should come") is > 0 and var count)
            received.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return received.ToString();
    }

    /// <summary>Waits until a Unix socket listens.</summary>
    internal static Task UntilListeningAsync(string path, ChildProcess client) =>
        Patience.UntilAsync(() => Listens(path) || client.HasExited, $"something should listen on {path}", () => client.Log);

    /// <summary>Whether a connection to a Unix socket is accepted.</summary>
    internal static bool Listens(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
