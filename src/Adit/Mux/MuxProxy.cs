using Adit.Mux.Messages;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Wire;

namespace Adit.Mux;

/// <summary>
/// Serves a client that speaks the SSH connection protocol itself (-O proxy), as a server would: its channels and remote forwards become
/// channels and forwards of the shared connection. What would concern the others on it is refused. It owns the stream.
/// </summary>
internal sealed class MuxProxy(Duplex duplex, SshConnection connection, ProxyForwards forwards) : IAsyncDisposable
{
    private const int MaxChannels = 1024;
    private const int MaxRefusals = 128;
    private const int MaxWaitingRequests = 128;

    private readonly Stream _stream = duplex.AsStream();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, ProxyChannel> _channels = [];
    private readonly List<Task> _tasks = [];
    private Task _requests = Task.CompletedTask;
    private int _waitingRequests;
    private uint _lastChannel;
    private bool _ending;

    internal SshConnection Connection => connection;

    /// <summary>Serves until the client goes, the connection ends, or the token is cancelled.</summary>
    /// <exception cref="SshFormatException">The client broke the protocol.</exception>
    /// <exception cref="IOException">The client's connection failed.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _over.Token);
        Task ended = EndWithConnectionAsync(over.Token);
        try
        {
            while (await ProxyPacket.ReadAsync(_stream, over.Token).ConfigureAwait(false) is { } payload)
                OnMessage((ProxyMessage)payload.Span[0], payload[1..]);
        }
        finally
        {
            await _over.CancelAsync().ConfigureAwait(false);
            await ended.ConfigureAwait(false);
            Task[] left;
            lock (_lock)
            {
                _ending = true;
                left = [.. _tasks, _requests];
            }

            await Task.WhenAll(left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            CancelForwards();
        }
    }

    /// <summary>Takes a channel that came in at a forward of this client's. False when the client is going, or has too many.</summary>
    internal bool TryOffer(IncomingChannel incoming, ProxyForward forward, uint port)
    {
        lock (_lock)
        {
            if (_ending || _channels.Count >= MaxChannels)
                return false;
            Start(channel => channel.OfferAsync(incoming, forward, port, _over.Token));
            return true;
        }
    }

    /// <summary>Sends a packet to the client, waiting while it does not take more.</summary>
    internal async ValueTask SendAsync(byte[] packet, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Once begun, a packet is sent to its end: half of one would make the rest unreadable.
            await _stream.WriteAsync(packet, _over.Token).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync().ConfigureAwait(false);
        _sending.Dispose();
        _over.Dispose();
    }

    private async Task EndWithConnectionAsync(CancellationToken cancellationToken)
    {
        await ((Task)connection.Closed).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _over.CancelAsync().ConfigureAwait(false);
    }

    private void OnMessage(ProxyMessage message, ReadOnlyMemory<byte> fields)
    {
        var reader = new MuxReader(fields.Span);
        switch (message)
        {
            case ProxyMessage.GlobalRequest:
                OnGlobalRequest(reader.ReadText(ForwardFields.MaxName), reader.ReadBoolean(), reader.ReadRest().ToArray());
                break;
            case ProxyMessage.ChannelOpen:
                OnOpen(reader.ReadText(ForwardFields.MaxName), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadRest().ToArray());
                break;
            case >= ProxyMessage.OpenConfirmation and <= ProxyMessage.ChannelFailure:
                Find(reader.ReadUInt32()).OnMessage(message, fields[sizeof(uint)..]);
                break;
            default:
                throw new SshFormatException($"message {(byte)message} is none that a proxy client may send");
        }
    }

    private ProxyChannel Find(uint id)
    {
        lock (_lock)
            return _channels.GetValueOrDefault(id) ?? throw new SshFormatException($"channel {id} does not exist");
    }

    private void OnOpen(string type, uint clientId, uint window, uint maxPacket, byte[] fields)
    {
        lock (_lock)
        {
            if (_channels.Count >= MaxChannels + MaxRefusals)
                throw new SshFormatException($"the answers to the opening of {MaxRefusals} channels are not read");
            if (_channels.Count >= MaxChannels)
                Start(channel => channel.RefuseAsync(clientId, ChannelOpenFailureReason.ResourceShortage, $"{MaxChannels} channels are open, and no more may be", _over.Token));
            else
                Start(channel => channel.OpenAsync(type, clientId, window, maxPacket, fields, _over.Token));
        }
    }

    // Called with the lock held.
    private void Start(Func<ProxyChannel, Task> run)
    {
        uint id = _lastChannel++;
        var channel = new ProxyChannel(this, id);
        _channels.Add(id, channel);
        _tasks.RemoveAll(static task => task.IsCompleted);
        _tasks.Add(RunChannelAsync(id, channel, run));
    }

    private async Task RunChannelAsync(uint id, ProxyChannel channel, Func<ProxyChannel, Task> run)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await run(channel).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The client is gone, or broke the protocol, or the connection ended: then so does everything else of it.
            await _over.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _channels.Remove(id);
        }
    }

    // One after the other, because the replies have no number.
    private void OnGlobalRequest(string name, bool wantsReply, byte[] fields)
    {
        if (Interlocked.Increment(ref _waitingRequests) > MaxWaitingRequests)
            throw new SshFormatException($"more than {MaxWaitingRequests} global requests wait");
        lock (_lock)
            _requests = AnswerAsync(_requests, name, wantsReply, fields);
    }

    private async Task AnswerAsync(Task before, string name, bool wantsReply, byte[] fields)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            byte[]? reply = await ReplyToAsync(name, fields).ConfigureAwait(false);
            Interlocked.Decrement(ref _waitingRequests);
            if (!wantsReply)
                return;
            SshWriter writer = ProxyPacket.Begin(reply is null ? ProxyMessage.RequestFailure : ProxyMessage.RequestSuccess);
            writer.WriteBytes(reply);
            await SendAsync(ProxyPacket.Finish(ref writer), _over.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            await _over.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<byte[]?> ReplyToAsync(string name, byte[] fields)
    {
        switch (name)
        {
            case TcpipForward.RequestName:
                TcpipForward tcp = TcpipForward.Read(fields);
                return await ForwardAsync(new(this, tcp.Address, tcp.Port, null), name, fields).ConfigureAwait(false);
            case StreamLocalForward.RequestName:
                return await ForwardAsync(new(this, string.Empty, 0, StreamLocalForward.Read(fields).SocketPath), name, fields).ConfigureAwait(false);
            case TcpipForward.CancelName:
                TcpipForward cancelled = TcpipForward.Read(fields);
                return await CancelAsync(forwards.Find(this, cancelled.Address, cancelled.Port, null), name, fields).ConfigureAwait(false);
            case StreamLocalForward.CancelName:
                return await CancelAsync(forwards.Find(this, string.Empty, 0, StreamLocalForward.Read(fields).SocketPath), name, fields).ConfigureAwait(false);
            default:
                // Others share the connection: what ends its sessions, or asks for its keys, is not this client's to say.
                return null;
        }
    }

    private async Task<byte[]?> ForwardAsync(ProxyForward forward, string name, byte[] fields)
    {
        forwards.Add(forward);
        byte[]? reply = null;
        try
        {
            reply = await connection.RequestAsync(name, fields, _over.Token).ConfigureAwait(false);
            if (reply is not null && !forward.Port.Task.IsCompleted)
                forward.Port.SetResult(TcpipForwardReply.Read(reply).Port);
            return reply;
        }
        finally
        {
            if (reply is null)
            {
                forward.Port.TrySetResult(null);
                forwards.Remove(forward);
            }
        }
    }

    private async Task<byte[]?> CancelAsync(ProxyForward? forward, string name, byte[] fields)
    {
        if (forward is null || await connection.RequestAsync(name, fields, _over.Token).ConfigureAwait(false) is not { } reply)
            return null;
        forwards.Remove(forward);
        return reply;
    }

    private void CancelForwards()
    {
        foreach (ProxyForward forward in forwards.Of(this))
        {
            forwards.Remove(forward);
            if (connection.Closed.IsCompleted || forward.Port.Task is not { IsCompletedSuccessfully: true, Result: { } port })
                continue;
            if (forward.Path is { } path)
                connection.Notify(StreamLocalForward.CancelName, new StreamLocalForward(path).ToFields());
            else
                connection.Notify(TcpipForward.CancelName, new TcpipForward(forward.Address, port).ToFields());
        }
    }

    private static bool IsEnd(Exception e) => e is OperationCanceledException or IOException or SshException or ObjectDisposedException;
}
