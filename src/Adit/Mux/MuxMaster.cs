using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Ssh;
using Adit.Ssh.Connection;

namespace Adit.Mux;

/// <summary>
/// Shares one connection with other processes of the same user: listens on the control path and does what clients ask for, each client
/// in a task of its own. Speaks version 4 of OpenSSH's protocol, so ssh is a client too. Its owner disposes it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MuxMaster : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    private readonly ControlSocketFile _file;
    private readonly MuxMasterOptions _options;
    private readonly CancellationTokenSource _stopListening = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _clients = [];
    private readonly Task _accepting;
    private int _clientCount;
    private uint _lastSession;
    private bool _disposed;

    private MuxMaster(ControlSocketFile file, IMuxTarget target, MuxMasterOptions options)
    {
        _file = file;
        _options = options;
        Target = target;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public string Path => _file.Path;

    /// <summary>Completes when it listens no more; clients that are there go on.</summary>
    public Task ListeningEnded => _accepting;

    internal IMuxTarget Target { get; }

    internal MuxMasterOptions Options => _options;

    internal ProxyForwards ProxyForwards { get; } = new();

    internal DescriptorWaiter Waiter { get; } = new();

    /// <summary>Listens at a control path, in place of a dead socket but never of a live one, and serves from then on.</summary>
    /// <exception cref="MuxException">The path is taken, or cannot be used.</exception>
    /// <exception cref="IOException">Too few descriptors are left.</exception>
    public static MuxMaster Listen(string path, IMuxTarget target, MuxMasterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(target);
        ControlSocketFile file = ControlSocketFile.Listen(path);
        try
        {
            return new(file, target, options ?? MuxMasterOptions.Default);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes no more clients and removes the socket. Clients that are there go on.</summary>
    public void StopListening()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _stopListening.Cancel();
            _file.Dispose();
        }
    }

    /// <summary>
    /// A channel that the server opened, offered to the clients that speak the connection's protocol. Whoever handles the server's opens
    /// asks this when the channel is of no forward of its own. True when one of them asked for the forward that it belongs to, and so
    /// takes care of it.
    /// </summary>
    public bool TryTake(IncomingChannel channel) => ProxyForwards.TryTake(channel);

    /// <summary>Stops listening, ends all clients and what they run, and waits for that.</summary>
    public async ValueTask DisposeAsync()
    {
        StopListening();
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_clients).ConfigureAwait(false);
        }
        finally
        {
            Waiter.Dispose();
            _stop.Dispose();
            _stopListening.Dispose();
        }
    }

    internal uint NextSession() => Interlocked.Increment(ref _lastSession);

    internal void Log(string text) => _options.Log?.Invoke(text);

    private async Task AcceptAsync()
    {
        while (!_stopListening.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _file.Socket.AcceptAsync(_stopListening.Token).ConfigureAwait(false);
                _clients.RemoveAll(static client => client.IsCompletedSuccessfully);
                _clients.Add(ServeAsync(new MuxSocket(socket)));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                if (_stopListening.IsCancellationRequested)
                    return;
                // Most likely too many open files, which passes.
                Log($"mux: cannot accept a client: {e.Message}");
                await Task.Delay(AcceptPause, _stopListening.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(MuxSocket socket)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        int count = Interlocked.Increment(ref _clientCount);
        _options.ClientsChanged?.Invoke(count);
        try
        {
            if (!socket.IsPeerTrusted)
                Log(string.Create(CultureInfo.InvariantCulture, $"mux: a client of another user (uid {socket.PeerUserId}) was turned away"));
            else if (count > _options.MaxClients)
                Log(string.Create(CultureInfo.InvariantCulture, $"mux: a client was turned away; {_options.MaxClients} are there"));
            else
                await ConverseAsync(socket).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever a client did, the master and the others go on.
            Log($"mux: a client's connection ended: {e.Message}");
        }
        finally
        {
            socket.Dispose();
            _options.ClientsChanged?.Invoke(Interlocked.Decrement(ref _clientCount));
        }
    }

    private async Task ConverseAsync(MuxSocket socket)
    {
        using var conversation = new MuxConversation(socket, this);
        await conversation.RunAsync(_stop.Token).ConfigureAwait(false);
    }
}
