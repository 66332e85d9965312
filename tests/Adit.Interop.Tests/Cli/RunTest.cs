using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Commands that <c>adit run</c> starts, and connections of those whom they do not know.</summary>
public abstract class RunTest(ITestOutputHelper output) : TunnelTest(output)
{
    /// <summary>The user "nobody" of most systems.</summary>
    internal const int OtherUser = 65534;

    /// <summary>Starts a command with a tunnel to a port of this machine.</summary>
    internal Task<ChildProcess> RunAsync(SshClientFiles files, int targetPort, params IReadOnlyList<string> command) =>
        StartAditAsync(RunArguments(files, targetPort, command));

    internal static string[] RunArguments(SshClientFiles files, int targetPort, params IReadOnlyList<string> command) =>
        ["run", "-F", files.ConfigPath, "-o", "WarnWeakCrypto=no", SshClientFiles.Alias, "-L", Target(targetPort), "--", .. command];

    internal static string Target(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    /// <summary>Starts a command that says its port and waits for the end of its input.</summary>
    internal async Task<Tunnel> HoldAsync(SshClientFiles files, int targetPort)
    {
        var adit = await RunAsync(files, targetPort, "sh", "-c", "echo port=$ADIT_PORT; exec cat");
        var said = await adit.OutputAsync("port=([0-9]+)\n");
        return new Tunnel(adit, int.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>A shell's words that send a line to a port and print what comes back.</summary>
    internal static string Talk(string port) => $"exec 3<>/dev/tcp/127.0.0.1/{port} && echo through >&3 && head -n 1 <&3";

    /// <summary>Whether a connection of this process is ended before a byte came.</summary>
    internal static async Task<bool> IsTurnedAwayAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync("x"u8.ToArray());
            return await socket.ReceiveAsync(new byte[1]).WithinAsync("the connection should be used or ended") == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted)
        {
            // Even connecting may only end behind the reset.
            return true;
        }
    }
}
