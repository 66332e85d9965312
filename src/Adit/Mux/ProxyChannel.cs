using System.Threading.Channels;
using Adit.Mux.Messages;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Wire;
using ChannelOptions = Adit.Ssh.Connection.ChannelOptions;
using SshChannel = Adit.Ssh.Connection.Channel;

namespace Adit.Mux;

/// <summary>
/// A channel of a proxy client, and the channel of the shared connection that it stands for. Each has its own windows, so a slow side
/// stalls this one channel and nothing else.
/// </summary>
/// <param name="proxy">To whom it belongs.</param>
/// <param name="localId">Our number for it towards the client.</param>
internal sealed class ProxyChannel(MuxProxy proxy, uint localId)
{
    internal const uint Window = 2 * 1024 * 1024;
    internal const uint MaxPacket = 32 * 1024;

    private const uint StandardError = 1;

    // Requests that wait for somebody; whoever has more does not read the answers.
    private const int MaxWaiting = 4096;

    private static readonly ChannelOptions Options = new() { ReceiveErrors = true };

    // Bounded by the window and the limit of requests.
    private readonly Channel<FromClient> _fromClient = System.Threading.Channels.Channel.CreateUnbounded<FromClient>();
    private readonly ProxyWindow _sendWindow = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<IncomingRequest> _unanswered = new();
    private readonly Lock _lock = new();
    private Task _requestsToClient = Task.CompletedTask;
    private Task _repliesToClient = Task.CompletedTask;
    private uint _clientId;
    private int _maxSend;
    private volatile bool _offered;
    private uint _receiveLeft = Window;
    private uint _consumed;
    private int _waiting;

    /// <summary>The client opens the channel.</summary>
    internal async Task OpenAsync(string type, uint clientId, uint window, uint maxPacket, byte[] fields, CancellationToken cancellationToken)
    {
        Known(clientId, window, maxPacket);
        SshChannel channel;
        try
        {
            channel = await proxy.Connection.OpenAsync(type, fields, Options, OnRequest, cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            await RefuseAsync(clientId, e is ChannelOpenException refused ? refused.Reason : ChannelOpenFailureReason.ConnectFailed, e.Message, cancellationToken)
                .ConfigureAwait(false);
            return;
        }

        await using (channel.ConfigureAwait(false))
        {
            SshWriter confirmation = ProxyPacket.Begin(ProxyMessage.OpenConfirmation, clientId);
            confirmation.WriteUInt32(localId);
            confirmation.WriteUInt32(Window);
            confirmation.WriteUInt32(MaxPacket);
            await proxy.SendAsync(ProxyPacket.Finish(ref confirmation), cancellationToken).ConfigureAwait(false);
            _opened.SetResult();
            await RunAsync(channel, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The client opens the channel, and may not.</summary>
    internal async Task RefuseAsync(uint clientId, ChannelOpenFailureReason reason, string description, CancellationToken cancellationToken)
    {
        SshWriter failure = ProxyPacket.Begin(ProxyMessage.OpenFailure, clientId);
        failure.WriteUInt32((uint)reason);
        failure.WriteString(description);
        failure.WriteString(string.Empty);
        await proxy.SendAsync(ProxyPacket.Finish(ref failure), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The server opens the channel, if it turns out to be of a forward that listens on this port.</summary>
    internal async Task OfferAsync(IncomingChannel incoming, ProxyForward forward, uint port, CancellationToken cancellationToken)
    {
        SshChannel channel;
        try
        {
            if (forward.Path is null && await forward.Port.Task.WaitAsync(cancellationToken).ConfigureAwait(false) != port)
                throw new ChannelOpenException(ChannelOpenFailureReason.ConnectFailed, "nobody asked for this forward");
            SshWriter open = ProxyPacket.Begin(ProxyMessage.ChannelOpen);
            open.WriteString(incoming.Type);
            open.WriteUInt32(localId);
            open.WriteUInt32(Window);
            open.WriteUInt32(MaxPacket);
            open.WriteBytes(incoming.Fields.Span);
            _offered = true;
            await proxy.SendAsync(ProxyPacket.Finish(ref open), cancellationToken).ConfigureAwait(false);
            await _opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            channel = incoming.Accept(Options, OnRequest);
        }
        catch (ChannelOpenException e)
        {
            incoming.Refuse(e.Reason, e.Message);
            return;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            incoming.Refuse(ChannelOpenFailureReason.ConnectFailed, "the program that asked for the forward went away");
            throw;
        }

        await using (channel.ConfigureAwait(false))
            await RunAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A message of the client's about this channel, behind its recipient.</summary>
    /// <exception cref="SshFormatException">It is malformed, or may not come now.</exception>
    internal void OnMessage(ProxyMessage message, ReadOnlyMemory<byte> fields)
    {
        var reader = new MuxReader(fields.Span);
        switch (message)
        {
            case ProxyMessage.OpenConfirmation when _offered && !_opened.Task.IsCompleted:
                Known(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32());
                _opened.SetResult();
                break;
            case ProxyMessage.OpenFailure when _offered && !_opened.Task.IsCompleted:
                var reason = (ChannelOpenFailureReason)reader.ReadUInt32();
                _opened.SetException(new ChannelOpenException(reason, reader.ReadText()));
                break;
            case ProxyMessage.WindowAdjust:
                _sendWindow.Add(reader.ReadUInt32());
                break;
            case ProxyMessage.ChannelSuccess or ProxyMessage.ChannelFailure:
                Answer(message == ProxyMessage.ChannelSuccess);
                break;
            case ProxyMessage.Data:
                Take(message, fields[sizeof(uint)..], reader.ReadString().Length);
                break;
            case ProxyMessage.ExtendedData when reader.ReadUInt32() == StandardError:
                Take(message, fields[(2 * sizeof(uint))..], reader.ReadString().Length);
                break;
            case ProxyMessage.ChannelRequest:
                string name = reader.ReadText(ForwardFields.MaxName);
                bool wantsReply = reader.ReadBoolean();
                RequireFewWaiting();
                Enqueue(new(message, reader.ReadRest().ToArray(), name, wantsReply));
                break;
            case ProxyMessage.Eof or ProxyMessage.Close:
                Enqueue(new(message, default, string.Empty, WantsReply: false));
                break;
            default:
                throw new SshFormatException($"message {(byte)message} was not due on a channel");
        }
    }

    private void Known(uint clientId, uint window, uint maxPacket)
    {
        if (maxPacket == 0)
            throw new SshFormatException("a channel was opened with a maximum packet size of 0");
        _clientId = clientId;
        _maxSend = (int)Math.Min(maxPacket, MaxPacket);
        _sendWindow.Add(window);
    }

    private void Take(ProxyMessage message, ReadOnlyMemory<byte> data, int length)
    {
        if (length != data.Length)
            throw new SshFormatException("data has the wrong length");
        lock (_lock)
        {
            if (length > _receiveLeft)
                throw new SshFormatException($"{length} bytes were sent past the channel's window");
            _receiveLeft -= (uint)length;
        }

        Enqueue(new(message, data, string.Empty, WantsReply: false));
    }

    private void Enqueue(FromClient item)
    {
        if (!_fromClient.Writer.TryWrite(item))
            throw new SshFormatException("a message followed the channel's CLOSE");
        if (item.Message == ProxyMessage.Close)
            _fromClient.Writer.Complete();
    }

    private void RequireFewWaiting()
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
            throw new SshFormatException($"more than {MaxWaiting} requests of a channel wait");
    }

    private async Task RunAsync(SshChannel channel, CancellationToken cancellationToken)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task up = UpAsync(channel, gone);
        try
        {
            bool[] ended = await Task.WhenAll(
                DownAsync(channel.ReadAsync, isError: false, gone.Token), DownAsync(channel.ReadErrorAsync, isError: true, gone.Token)).ConfigureAwait(false);
            if (ended is [true, true])
                await proxy.SendAsync(ProxyPacket.Of(ProxyMessage.Eof, _clientId), cancellationToken).ConfigureAwait(false);
            await WaitForCloseAsync(channel, cancellationToken).ConfigureAwait(false);
            await LastWordsAsync().ConfigureAwait(false);
            await proxy.SendAsync(ProxyPacket.Of(ProxyMessage.Close, _clientId), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await gone.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await LastWordsAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WaitForCloseAsync(SshChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            await channel.WaitForCloseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SshException)
        {
            // The client has closed it, and hears so. If it was the connection that ended, so does everything of the client.
        }
    }

    private Task LastWordsAsync()
    {
        lock (_lock)
            return Task.WhenAll(_requestsToClient, _repliesToClient);
    }

    // What the client sends, in its order, until its CLOSE.
    private async Task UpAsync(SshChannel channel, CancellationTokenSource gone)
    {
        try
        {
            await foreach (FromClient item in _fromClient.Reader.ReadAllAsync(gone.Token).ConfigureAwait(false))
            {
                if (item.Message == ProxyMessage.Close)
                    break;
                await PassUpAsync(channel, item, gone.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            channel.Abort();
            await gone.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask PassUpAsync(SshChannel channel, FromClient item, CancellationToken cancellationToken)
    {
        try
        {
            switch (item.Message)
            {
                case ProxyMessage.Data:
                    await channel.WriteAsync(item.Data, cancellationToken).ConfigureAwait(false);
                    break;
                case ProxyMessage.ExtendedData:
                    await channel.WriteErrorAsync(item.Data, cancellationToken).ConfigureAwait(false);
                    break;
                case ProxyMessage.Eof:
                    channel.CompleteOutput();
                    break;
                case ProxyMessage.ChannelRequest when item.WantsReply:
                    Task<bool> reply = channel.RequestAsync(item.Name, item.Data.ToArray(), cancellationToken).AsTask();
                    lock (_lock)
                        _repliesToClient = ReplyAsync(_repliesToClient, reply);
                    break;
                default:
                    channel.Notify(item.Name, item.Data.ToArray());
                    Interlocked.Decrement(ref _waiting);
                    break;
            }
        }
        catch (SshException)
        {
            // The server has closed the channel. The client learns of that in its turn, and may send until then.
        }

        if (item.Message is ProxyMessage.Data or ProxyMessage.ExtendedData)
            await CreditAsync((uint)item.Data.Length, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask CreditAsync(uint bytes, CancellationToken cancellationToken)
    {
        uint credit;
        lock (_lock)
        {
            _consumed += bytes;
            if (_consumed < Window / 2)
                return;
            credit = _consumed;
            _consumed = 0;
            _receiveLeft += credit;
        }

        SshWriter adjust = ProxyPacket.Begin(ProxyMessage.WindowAdjust, _clientId);
        adjust.WriteUInt32(credit);
        await proxy.SendAsync(ProxyPacket.Finish(ref adjust), cancellationToken).ConfigureAwait(false);
    }

    private async Task ReplyAsync(Task before, Task<bool> reply)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool success = await reply.ContinueWith(static done => done.IsCompletedSuccessfully && done.Result, TaskScheduler.Default).ConfigureAwait(false);
        Interlocked.Decrement(ref _waiting);
        await proxy.SendAsync(ProxyPacket.Of(success ? ProxyMessage.ChannelSuccess : ProxyMessage.ChannelFailure, _clientId), CancellationToken.None).ConfigureAwait(false);
    }

    // True when the server ended this stream in order.
    private async Task<bool> DownAsync(Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> read, bool isError, CancellationToken cancellationToken)
    {
        try
        {
            while (await read(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } data)
            {
                while (!data.IsEmpty)
                {
                    int length = await _sendWindow.TakeAsync(Math.Min(data.Length, _maxSend), cancellationToken).ConfigureAwait(false);
                    SshWriter packet = ProxyPacket.Begin(isError ? ProxyMessage.ExtendedData : ProxyMessage.Data, _clientId);
                    if (isError)
                        packet.WriteUInt32(StandardError);
                    packet.WriteUInt32((uint)length);
                    packet.WriteBytes(data.Span[..length]);
                    await proxy.SendAsync(ProxyPacket.Finish(ref packet), cancellationToken).ConfigureAwait(false);
                    data = data[length..];
                }
            }

            return true;
        }
        catch (Exception e) when (e is SshException or OperationCanceledException)
        {
            return false;
        }
    }

    // On the connection's receive loop: returns at once.
    private void OnRequest(IncomingRequest request)
    {
        lock (_lock)
        {
            if (_unanswered.Count == MaxWaiting || Interlocked.Increment(ref _waiting) > MaxWaiting)
            {
                request.Fail();
                return;
            }

            _requestsToClient = RequestAsync(_requestsToClient, request);
        }
    }

    private async Task RequestAsync(Task before, IncomingRequest request)
    {
        await _opened.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await before.ConfigureAwait(false);
        if (request.WantsReply)
        {
            lock (_lock)
                _unanswered.Enqueue(request);
        }

        SshWriter packet = ProxyPacket.Begin(ProxyMessage.ChannelRequest, _clientId);
        packet.WriteString(request.Name);
        packet.WriteBoolean(request.WantsReply);
        packet.WriteBytes(request.Fields.Span);
        await proxy.SendAsync(ProxyPacket.Finish(ref packet), CancellationToken.None).ConfigureAwait(false);
        Interlocked.Decrement(ref _waiting);
    }

    private void Answer(bool success)
    {
        IncomingRequest? request;
        lock (_lock)
        {
            if (!_unanswered.TryDequeue(out request))
                throw new SshFormatException("a channel request was answered that was not sent");
        }

        if (success)
            request.Succeed();
        else
            request.Fail();
    }

    private readonly record struct FromClient(ProxyMessage Message, ReadOnlyMemory<byte> Data, string Name, bool WantsReply);
}
