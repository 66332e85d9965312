using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.SshLegs;

namespace Adit.Cli.Demo;

/// <summary>A second program of the same user, which finds the demonstration's port and is turned away there. It is adit, started once more.</summary>
internal static class DemoStranger
{
    /// <summary>What has adit be the stranger.</summary>
    public const string Word = "--as-stranger";

    private const int TurnedAway = 0;
    private const int LetIn = 1;

    /// <summary>Is the stranger: asks at the port, and returns whether it was turned away.</summary>
    public static async Task<int> RunAsync(string port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, int.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture)));
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
            return await socket.ReceiveAsync(new byte[1]) == 0 ? TurnedAway : LetIn;
        }
        catch (SocketException)
        {
            return TurnedAway;
        }
    }

    /// <summary>Opens a forward for this process alone, and has the stranger try it.</summary>
    /// <returns>What the tunnel says of it.</returns>
    /// <exception cref="IOException">The stranger got in.</exception>
    public static async Task<string> ShowAsync(SshLink link, Endpoint target, CancellationToken stop)
    {
        var refusal = new Refusals();
        LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"), null, stop);
        await using Forward forward = Forward.Start(listener, target, link.Dialer, new() { Admission = Admission.Of(AdmissionRule.Self), Events = refusal });
        using Process stranger = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["demo", Word, forward.Endpoints[0].Port.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
        })!;
        await stranger.WaitForExitAsync(stop);
        if (stranger.ExitCode != TurnedAway)
            throw new IOException("the tunnel let a program in that it does not admit");
        return await refusal.First.WaitAsync(stop);
    }

    private sealed class Refusals : ITunnelEvents
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> First => _first.Task;

        public void Report(TunnelEvent tunnelEvent)
        {
            if (tunnelEvent is ConnectionRefused { Refusal.Kind: RefusalKind.NotAdmitted } refused)
                _first.TrySetResult($"a second program at {refused.LocalEndpoint}: {refused.Peer}; {refused.Refusal.Reason}");
        }
    }
}
