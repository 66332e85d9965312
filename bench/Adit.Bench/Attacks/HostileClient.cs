using System.Net.Sockets;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Adit.Bench.Attacks;

/// <summary>A client that logs in as everybody does, and from then on sends what it likes: no channels or windows of its own hold it back.</summary>
internal sealed class HostileClient : IPacketHandler, IAsyncDisposable
{
    private readonly DeafStream _stream;
    private readonly TaskCompletionSource<uint> _firstChannel = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SshTransport? _transport;
    private KeyExchange? _kex;

    private HostileClient(NetworkStream stream) => _stream = new(stream);

    /// <summary>The server's number of the first channel that it opened.</summary>
    public Task<uint> FirstChannel => _firstChannel.Task;

    /// <summary>Completes when the connection is over.</summary>
    public Task Ended => _transport!.Closed;

    public static async Task<HostileClient> LogInAsync(NetworkStream stream, Victim victim, CancellationToken cancellationToken)
    {
        var client = new HostileClient(stream);
        try
        {
            await client.LogInAsync(victim, cancellationToken);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>From here on nothing that the server says is read, as if this end were stuck.</summary>
    public void StopReading() => _stream.StopReading();

    /// <summary>Sends a message; waits while too many are on their way.</summary>
    /// <exception cref="SshClosedException">The connection is over.</exception>
    public async ValueTask SendAsync<T>(T message, CancellationToken cancellationToken)
        where T : struct, IMessage<T>
    {
        byte[] payload = Message.Encode(message);
        while (!_transport!.Outbox.TryEnqueue(payload))
        {
            _transport.Outbox.Flush();
            await _stream.WrittenAsync().WaitAsync(cancellationToken);
        }

        _transport.Outbox.Flush();
        if (_transport.Closing is { } closing)
            throw closing;
    }

    public async ValueTask DisposeAsync()
    {
        if (_transport is null)
            return;

        // Not a farewell in order: what is still queued would have to leave first.
        await _stream.DisposeAsync();
        await _transport.DisposeAsync();
        _kex!.Dispose();
    }

    ValueTask<bool> IPacketHandler.HandleAsync(InboundPacket packet)
    {
        if (packet.Number is MessageNumber.ChannelOpenConfirmation)
            _firstChannel.TrySetResult(Message.Decode<ChannelOpenConfirmation>(packet.Span).Sender);
        return default;
    }

    void IPacketHandler.OnClosed(SshClosedException reason)
    {
        _firstChannel.TrySetException(reason);
        _ = _firstChannel.Task.Exception; // most attacks never ask
        _stream.Close();
    }

    private async Task LogInAsync(Victim victim, CancellationToken cancellationToken)
    {
        (InboundBuffer inbound, string peer) = await Identification.OpenAsync(_stream, SshRole.Client, Identification.Own, cancellationToken);
        _transport = new SshTransport(_stream, inbound, SshRole.Client, NullLogger.Instance, TimeProvider.System);
        var options = new KeyExchangeOptions { Algorithms = AlgorithmPreferences.Default, RekeyLimit = RekeyLimit.Default, VerifyHostKey = static (_, _) => default };
        _kex = new KeyExchange(_transport, options, Identification.Own, peer, NullLogger.Instance, TimeProvider.System);
        var authentication = new ClientAuthentication(_transport, _kex, victim.User, null, NullLogger.Instance);
        _transport.Start(_kex, authentication, this, static () => { });
        _kex.Begin();
        await _kex.First.WaitAsync(cancellationToken);
        await authentication.RunAsync([new PublicKeyMethod([victim.Key])], cancellationToken);
    }
}
