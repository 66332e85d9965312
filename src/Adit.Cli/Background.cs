using System.Diagnostics;
using System.Net.Sockets;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Cli;

/// <summary>
/// Goes on in a process of its own, without a terminal, once that is ready: ssh's -f, and what sshd does unless it is told to stay. It is
/// never done unasked, and the process that stays behind is named. Until it is ready, that process has the terminal to ask for passwords,
/// and it ends with the one that waits for it.
/// </summary>
internal sealed class Background : IDisposable
{
    /// <summary>The variable by which the process that goes on knows that it is the one.</summary>
    internal const string Mark = "ADIT_BACKGROUND";

    private const int WaiterGone = 255;
    private const string MasterMark = ":master";

    private readonly Socket _waiter;
    private volatile bool _isReady;

    private Background(Socket waiter, bool isMaster)
    {
        _waiter = waiter;
        IsMaster = isMaster;
    }

    /// <summary>Whether this process does nothing but share its connection (ControlPersist), whatever its arguments ask for.</summary>
    public bool IsMaster { get; }

    /// <summary>This process's part where it is the one that goes on; null where it is not.</summary>
    public static Background? Child { get; } = Connect();

    /// <summary>Starts this command again as the process that goes on, and waits until it is ready. Its exit code, if it ends before; else zero.</summary>
    /// <param name="args">The arguments of this process.</param>
    /// <param name="what">What goes on, in words; null to say nothing.</param>
    /// <param name="isMaster">See <see cref="IsMaster"/>.</param>
    public static async Task<int> StartAsync(IReadOnlyList<string> args, string? what, bool isMaster = false)
    {
        string name = $"\0adit-{Guid.NewGuid():N}";
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(name));
        listener.Listen(1);
        var start = new ProcessStartInfo(Environment.ProcessPath!, args) { UseShellExecute = false, RedirectStandardInput = true };
        start.Environment[Mark] = name[1..] + (isMaster ? MasterMark : string.Empty);
        RuntimeDiagnostics.PassOn(start.Environment);
        using Process child = Process.Start(start)!;
        child.StandardInput.Close();
        Task exited = child.WaitForExitAsync();
        if (await IsReadyAsync(listener, child.Id, exited))
        {
            if (what is not null)
                await StandardError.Writer.WriteLineAsync($"adit: {what} in the background as process {child.Id}");
            return 0;
        }

        await exited;
        return child.ExitCode;
    }

    /// <summary>Leaves the terminal and tells the process that waits. Once; nothing is to be said to the terminal from here on.</summary>
    /// <param name="keepStandardOutput">Whether a command that runs still writes to standard output and error.</param>
    public void Ready(bool keepStandardOutput = false)
    {
        if (OperatingSystem.IsWindows())
            return;
        _ = LinuxCalls.BeginSession();
        _isReady = true;
        _waiter.Send("r"u8);
        if (keepStandardOutput)
            return;
        StandardDescriptors.LeadNowhere(StandardDescriptors.Output, StandardDescriptors.Error);
        StandardError.Writer.Silence();
    }

    /// <summary>Calls back if the process that waits is gone before this one is ready.</summary>
    public async Task WatchWaiterAsync(Action gone, CancellationToken cancellationToken)
    {
        try
        {
            await _waiter.ReceiveAsync(new byte[1], cancellationToken);
        }
        catch (SocketException)
        {
            // As good as an end.
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (!_isReady)
            gone();
    }

    public void Dispose() => _waiter.Dispose();

    // Whoever else finds the name is not the one that is waited for.
    private static async Task<bool> IsReadyAsync(Socket listener, int child, Task exited)
    {
        while (true)
        {
            Task<Socket> accepting = listener.AcceptAsync();
            if (await Task.WhenAny(accepting, exited) == exited)
                return false;
            using Socket socket = await accepting;
            if (PeerIdentity.OfUnixPeer(socket)?.Pid != child)
                continue;
            return await socket.ReceiveAsync(new byte[1]) > 0;
        }
    }

    private static Background? Connect()
    {
        if (Environment.GetEnvironmentVariable(Mark) is not { } name)
            return null;

        // Not for the commands that this process starts.
        Environment.SetEnvironmentVariable(Mark, null);
        bool isMaster = name.EndsWith(MasterMark, StringComparison.Ordinal);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint("\0" + (isMaster ? name[..^MasterMark.Length] : name)));
        }
        catch (SocketException)
        {
            // The process that waits is gone already, and with it who asked for this one.
            Environment.Exit(WaiterGone);
        }

        return new(socket, isMaster);
    }
}
