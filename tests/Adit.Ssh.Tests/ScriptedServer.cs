using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Transport;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests;

/// <summary>
/// A server that a test speaks for, packet by packet: right where the test wants to get further, wrong where it wants to see what happens.
/// It shares packet framing and primitives with the engine, and none of its state machines.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly StreamPair _pair;
    private readonly Outbox _outbox = new();
    private readonly InboundBuffer _inbound;
    private readonly PacketReader _reader;
    private readonly PacketWriter _writer;
    private readonly SshPrivateKey _hostKey = SshPrivateKey.Generate("ssh-ed25519");
    private string _clientIdentification = string.Empty;
    private byte[] _clientKexInit = [];
    private byte[] _sessionId = [];
    private Task _sending = Task.CompletedTask;

    public ScriptedServer(StreamPair? pair = null)
    {
        _pair = pair ?? new StreamPair();
        _inbound = new(_pair.Right);
        _reader = new(_inbound);
        _writer = new(_pair.Right, _outbox);
        _outbox.OpenGate();
    }

    public const string Identification = "SSH-2.0-Scripted";

    /// <summary>The client's end.</summary>
    public StreamPair.End ClientStream => _pair.Left;

    public StreamPair.End ServerStream => _pair.Right;

    public SshPublicKey HostKey => _hostKey.PublicKey;

    public bool Strict { get; init; } = true;

    public string Kex { get; init; } = "curve25519-sha256";

    public string Cipher { get; init; } = "aes128-gcm@openssh.com";

    public string Mac { get; init; } = "hmac-sha2-256-etm@openssh.com";

    public byte[] SessionId => _sessionId;

    /// <summary>Options of a client that trusts this server.</summary>
    public SshClientOptions Options(params ClientAuthMethod[] methods) => new()
    {
        User = "joe",
        Authentication = methods,
        VerifyHostKey = (key, _) =>
        {
            Assert.Equal(_hostKey.PublicKey, key);
            return default;
        },
    };

    /// <summary>Plays a whole login that needs no authentication; the client's connection and this side are then in the connection protocol.</summary>
    public async Task<SshConnection> ConnectAsync(SshClientOptions? options = null)
    {
        Task<SshConnection> connecting = SshClient.ConnectAsync(ClientStream, options ?? Options());
        await LogInAsync();
        return await connecting.TestTime();
    }

    public async Task LogInAsync()
    {
        await IdentifyAsync();
        await ExchangeKeysAsync();
        await AcceptServiceAsync();
        await ReceiveAsync<UserAuthRequest>();
        Send(default(UserAuthSuccess));
    }

    public async Task IdentifyAsync()
    {
        await _pair.Right.WriteAsync("SSH-2.0-Scripted\r\n"u8.ToArray());
        int end;
        while ((end = _inbound.Unread.IndexOf((byte)'\n')) < 0)
            Assert.True(await _inbound.FillAsync(CancellationToken.None).AsTask().TestTime(), "the client closed instead of identifying itself");
        _clientIdentification = System.Text.Encoding.ASCII.GetString(_inbound.Unread[..end]).TrimEnd('\r');
        _inbound.Consume(end + 1);
        _sending = _writer.RunAsync(static () => { });
    }

    public async Task AcceptServiceAsync()
    {
        Assert.Equal("ssh-userauth", (await ReceiveAsync<ServiceRequest>()).Service);
        Send(new ServiceAccept("ssh-userauth"));
    }

    public KexInit Offer() => new()
    {
        Cookie = new byte[KexInit.CookieLength],
        KexAlgorithms = Strict ? [Kex, Negotiation.StrictServer] : [Kex],
        ServerHostKeyAlgorithms = ["ssh-ed25519"],
        CiphersToServer = [Cipher],
        CiphersToClient = [Cipher],
        MacsToServer = [Mac],
        MacsToClient = [Mac],
        CompressionToServer = ["none"],
        CompressionToClient = ["none"],
        LanguagesToServer = [],
        LanguagesToClient = [],
        FirstKexPacketFollows = false,
    };

    /// <summary>A whole key exchange. <paramref name="announced"/>: our KEXINIT of it was sent already.</summary>
    public async Task ExchangeKeysAsync(KexInit? announced = null)
    {
        KexInit offer = announced ?? Offer();
        if (announced is null)
            Send(offer);
        await ExchangeBehindKexInitAsync(await ReceiveAsync(MessageNumber.KexInit), offer);
    }

    /// <summary>The rest of a key exchange, both KEXINITs of which have gone over the wire.</summary>
    public async Task ExchangeBehindKexInitAsync(byte[] clientKexInit, KexInit offer)
    {
        _clientKexInit = clientKexInit;
        KexEcdhInit init = await ReceiveAsync<KexEcdhInit>();
        (KexEcdhReply reply, byte[] secret, byte[] hash) = await AnswerAsync(offer, init.PublicValue);
        Send(reply);
        SendNewKeys(secret, hash);
        await ReceiveAsync<NewKeys>();
        SwitchInbound(secret, hash);
    }

    public async Task ReceiveKexInitAsync() => _clientKexInit = await ReceiveAsync(MessageNumber.KexInit);

    public async Task<(KexEcdhReply Reply, byte[] Secret, byte[] Hash)> AnswerAsync(KexInit offer, byte[] clientValue)
    {
        KexAlgorithm kex = KexAlgorithm.Named(Kex);
        using KeyAgreement agreement = kex.Begin();
        (byte[] value, byte[] secret) = agreement.Answer(clientValue);
        byte[] hostKey = _hostKey.PublicKey.Blob.ToArray();
        var transcript = new ExchangeTranscript(
            _clientIdentification, Identification, _clientKexInit, Message.Encode(offer), hostKey, clientValue, value);
        byte[] hash = ExchangeHash.Compute(kex.Hash, transcript, secret);
        if (_sessionId.Length == 0)
            _sessionId = hash;
        byte[] signature = await _hostKey.SignAsync("ssh-ed25519", hash, CancellationToken.None);
        return (new(hostKey, value, signature), secret, hash);
    }

    public void SendNewKeys(byte[] secret, byte[] hash)
    {
        _writer.ResetsSequence = Strict;
        _outbox.SendKex(Message.Encode(default(NewKeys)), Epoch(secret, hash, "BDF", sealing: true));
    }

    public void SwitchInbound(byte[] secret, byte[] hash) => _reader.Switch(Epoch(secret, hash, "ACE", sealing: false), Strict);

    public void Send<T>(in T message)
        where T : struct, IMessage<T> => SendPayload(Message.Encode(message));

    // All in one lane: what a test says leaves in the order in which it says it.
    public void SendPayload(params byte[] payload) => _outbox.SendKex(payload);

    /// <summary>The next packet's payload, whatever it is.</summary>
    public async Task<byte[]> ReceiveAsync()
    {
        InboundPacket packet;
        while (!_reader.TryRead(out packet))
        {
            if (!await _inbound.FillAsync(CancellationToken.None).AsTask().TestTime())
                throw new EndOfStreamException("the client closed the connection");
        }

        byte[] payload = packet.Span.ToArray();
        packet.Release();
        return payload;
    }

    public async Task<byte[]> ReceiveAsync(MessageNumber number)
    {
        byte[] payload = await ReceiveAsync();
        Assert.Equal(number, (MessageNumber)payload[0]);
        return payload;
    }

    public async Task<T> ReceiveAsync<T>()
        where T : struct, IMessage<T> => Message.Decode<T>(await ReceiveAsync(T.Number));

    /// <summary>What the client says at its end, skipping what was under way.</summary>
    public async Task<Disconnect> ReceiveDisconnectAsync()
    {
        while (true)
        {
            byte[] payload = await ReceiveAsync();
            if (payload[0] == (byte)MessageNumber.Disconnect)
                return Message.Decode<Disconnect>(payload);
        }
    }

    /// <summary>Takes the client's next channel open and confirms it as channel 7.</summary>
    public async Task<ChannelOpen> ConfirmChannelAsync(uint window = 1024 * 1024, uint maxPacket = 32 * 1024)
    {
        ChannelOpen open = await ReceiveAsync<ChannelOpen>();
        Send(new ChannelOpenConfirmation(open.Sender, 7, window, maxPacket, []));
        return open;
    }

    public void SendData(uint recipient, byte[] data) =>
        SendPayload([94, .. UInt32(recipient), .. UInt32((uint)data.Length), .. data]);

    /// <summary>Receives channel data, up to the next message that is none.</summary>
    public async Task<byte[]> ReceiveDataAsync(int length)
    {
        var data = new List<byte>();
        while (data.Count < length)
        {
            byte[] payload = await ReceiveAsync(MessageNumber.ChannelData);
            data.AddRange(payload.AsSpan(9));
        }

        return [.. data];
    }

    public async ValueTask DisposeAsync()
    {
        _outbox.Complete();
        await _pair.Right.DisposeAsync();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reader.Dispose();
        _writer.Dispose();
        _hostKey.Dispose();
    }

    private KeyEpoch Epoch(byte[] secret, byte[] hash, string letters, bool sealing)
    {
        CipherAlgorithm cipher = CipherAlgorithm.Named(Cipher);
        MacAlgorithm? mac = cipher.IsAead ? null : MacAlgorithm.Named(Mac);
        byte[] Derive(char letter, int length)
        {
            byte[] key = new byte[length];
            ExchangeHash.DeriveKey(KexAlgorithm.Named(Kex).Hash, secret, hash, letter, _sessionId, key);
            return key;
        }

        return new(cipher.Create(mac, Derive(letters[1], cipher.KeyLength), Derive(letters[0], cipher.IvLength), Derive(letters[2], mac?.KeyLength ?? 0), sealing));
    }

    private static byte[] UInt32(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
