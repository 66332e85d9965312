using System.Globalization;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Server;

/// <summary>The server under test, with the clients that people have.</summary>
public abstract class ServerTest(ITestOutputHelper output) : PeerTest(output)
{
    internal const int Mebibyte = 1024 * 1024;

    /// <summary>What ssh returns, whatever went wrong with the connection.</summary>
    internal const int ConnectionFailed = 255;

    internal async Task<ServerPeer> StartServerAsync(SshdOptions? options = null)
    {
        var server = await ServerPeer.StartAsync(options);
        return Own(server, () => server.Log);
    }

    internal Task<ServerPeer> StartServerAsync(params IReadOnlyList<string> config) => StartServerAsync(new SshdOptions { Config = config });

    /// <summary>Starts ssh with <c>-v</c>; options come before and after alike.</summary>
    internal Task<ChildProcess> StartSshAsync(ServerPeer server, params IReadOnlyList<string> options) =>
        StartSshAsync(["-F", server.Client.ConfigPath, "-v", .. options, SshClientFiles.Alias]);

    /// <summary>Starts a client that only forwards.</summary>
    /// <param name="program">ssh, dbclient or plink.</param>
    /// <param name="server">Where it logs in.</param>
    /// <param name="forwards">Its -L and -R.</param>
    internal async Task<ChildProcess> StartClientAsync(string program, ServerPeer server, params IReadOnlyList<string> forwards) => program switch
    {
        "ssh" => await StartSshAsync(server, ["-N", .. forwards]),
        "dbclient" => Own(await DbClient.StartAsync(server.Port, forwards)),
        "plink" => Own(await Plink.StartAsync(server.Port, server.HostKeys, forwards)),
        _ => throw new XunitException($"no client is called {program}"),
    };

    /// <summary>Starts a client with <c>-L</c> to a port of this machine, and gives the port once it listens.</summary>
    internal async Task<(ChildProcess Client, int Port)> ForwardAsync(string program, ServerPeer server, int target)
    {
        var port = LoopbackPort.Free();
        var client = await StartClientAsync(program, server, "-L", Spec(port, target));
        await LoopbackPort.UntilListeningAsync(port, client);
        return (client, port);
    }

    /// <summary>Ends a client as Ctrl-C does.</summary>
    internal static async Task EndAsync(ChildProcess client)
    {
        client.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        await client.ExitAsync();
    }

    /// <summary>A forward from a port to a port of this machine.</summary>
    internal static string Spec(int port, int target) => string.Create(CultureInfo.InvariantCulture, $"{port}:127.0.0.1:{target}");

    internal static async Task UntilListeningAsync(string path, ChildProcess client)
    {
        await Patience.UntilAsync(() => client.HasExited || File.Exists(path), $"{client.Name} should listen on {path}", () => client.Log);
        Assert.True(File.Exists(path), client.Log);
    }

    /// <summary>Connects to a port of this machine. Who listens there on ::1 already may come to 127.0.0.1 just now.</summary>
    internal static async Task<Socket> DialAsync(int port)
    {
        Socket? connected = null;
        await Patience.UntilAsync(() => TryDial(port, out connected), $"somebody should listen at 127.0.0.1:{port}");
        return connected!;
    }

    /// <summary>Connects to a port of this machine behind which nobody serves, which may be told before the connection is.</summary>
    internal static async Task AssertRefusedAsync(int port, Func<string> evidence)
    {
        try
        {
            using var socket = await DialAsync(port);
            await AssertEndsAsync(socket, evidence);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset)
        {
            // Told already.
        }
    }

    private static bool TryDial(int port, out Socket? connected)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(System.Net.IPAddress.Loopback, port);
            connected = socket;
            return true;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            connected = null;
            if (exception.SocketErrorCode is SocketError.ConnectionRefused)
                return false;
            throw;
        }
    }

    /// <summary>Sends a few bytes to a <see cref="TcpService.Echo"/> and expects them back.</summary>
    internal static async Task ExchangeAsync(Socket socket)
    {
        await socket.SendAsync("ping"u8.ToArray());
        Assert.Equal(4, await socket.ReceiveAsync(new byte[8]).WithinAsync("the words should come back"));
    }

    /// <summary>Waits until the far end has closed or reset the connection without sending anything more.</summary>
    internal static async Task AssertEndsAsync(Socket socket, Func<string> evidence)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WithinAsync("the connection should end", evidence));
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
    }

    /// <summary>Waits until a Unix socket is gone: with its file from the gateway, while sshd leaves that, and so the next client out.</summary>
    internal static Task UntilGoneAsync(string path, ServerPeer server) => Patience.UntilAsync(
        () => ServerPeer.IsGateway ? !File.Exists(path) : Refuses(path), $"nothing should listen on {path} any more", () => server.Log);

    private static bool Refuses(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
