using System.Security.Cryptography;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Kex;

/// <summary>
/// The key exchange of a connection, first and repeated, in both roles: RFC 4253 sections 7 to 9, strict as in OpenSSH's PROTOCOL
/// section 1.10. Either end may begin one at any time; above this class nobody notices.
/// <see cref="Begin"/> may be called from anywhere, everything else belongs to the receive loop.
/// </summary>
internal sealed class KeyExchange : IPacketHandler, IDisposable
{
    // Below 2^32, where sequence numbers, and with them the nonces of ChaCha20, would come round again (RFC 4344 section 3.1).
    private const ulong MaxPackets = 1UL << 31;

    private readonly SshTransport _transport;
    private readonly KeyExchangeOptions _options;
    private readonly string _ownIdentification;
    private readonly string _peerIdentification;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();

    private byte[]? _ownKexInit;
    private byte[]? _peerKexInit;
    private KexInit _own;
    private Negotiation? _negotiation;
    private KeyAgreement? _agreement;
    private byte[]? _offer;
    private KeyEpoch? _nextInbound;
    private KeyEpoch? _inbound;
    private KeyEpoch? _outbound;
    private volatile RekeyLimit _limit;
    private Phase _resume;
    private bool _skipNext;
    private bool _timing;
    private bool _expired;

    public KeyExchange(
        SshTransport transport, KeyExchangeOptions options, string ownIdentification, string peerIdentification, ILogger logger, TimeProvider time)
    {
        _transport = transport;
        _options = options;
        _limit = options.RekeyLimit;
        _ownIdentification = ownIdentification;
        _peerIdentification = peerIdentification;
        _logger = logger;
        _time = time;
        _timer = time.CreateTimer(OnTimer, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Completes when the first exchange is done in both directions.</summary>
    public Task First => _first.Task;

    /// <summary>H of the first exchange: names this connection in signatures (RFC 4253 section 7.2).</summary>
    public byte[] SessionId { get; private set; } = [];

    /// <summary>The last exchange's algorithms.</summary>
    public Negotiation? Negotiated => _negotiation;

    /// <summary>The server's host key in the first exchange, once verified.</summary>
    public SshPublicKey? HostKey { get; private set; }

    /// <summary>Signature by which the server proved its host key in the first exchange.</summary>
    public byte[] HostKeySignature { get; private set; } = [];

    /// <summary>Exchanges done so far.</summary>
    public int Completed { get; private set; }

    private bool IsClient => _transport.Role is SshRole.Client;

    /// <summary>Starts an exchange unless one is under way.</summary>
    public void Begin()
    {
        lock (_sync)
        {
            if (_ownKexInit is not null || _transport.Closing is not null)
                return;
            _expired = false;
            _own = Propose();
            _ownKexInit = Message.Encode(_own);
            _transport.Outbox.EnqueueKexInit([.. _ownKexInit]);
        }

        // Before the peer can answer: the end of the exchange has the last word on the timer.
        if (First.IsCompleted)
            Schedule(_options.RekeyTimeout, timing: true);
        _transport.Outbox.Flush();
    }

    /// <summary>
    /// Starts an exchange if the keys in use have served long enough. They serve on while the user authenticates, when OpenSSH's client
    /// takes no KEXINIT; little can be sent until then.
    /// </summary>
    public void BeginIfDue()
    {
        if (_transport.Authenticated && (Volatile.Read(ref _expired) || IsWorn(_outbound) || IsWorn(_inbound)))
            Begin();
    }

    /// <summary>Keys serve as long as this says from now on; belongs to the receive loop.</summary>
    public void Use(RekeyLimit limit)
    {
        if (limit == _limit)
            return;
        _limit = limit;
        lock (_sync)
        {
            if (_ownKexInit is not null)
                return; // its end schedules the next
        }

        Schedule(limit.Interval, timing: false);
    }

    public async ValueTask<bool> HandleAsync(InboundPacket packet)
    {
        switch (packet.Number)
        {
            case MessageNumber.KexInit:
                OnKexInit(packet.Span.ToArray());
                break;
            case MessageNumber.NewKeys:
                Message.Decode<NewKeys>(packet.Span);
                OnNewKeys();
                break;
            case var _ when _skipNext:
                _skipNext = false;
                break;
            case MessageNumber.KexEcdhInit when !IsClient:
                await OnOfferAsync(Message.Decode<KexEcdhInit>(packet.Span).PublicValue).ConfigureAwait(false);
                break;
            case MessageNumber.KexEcdhReply when IsClient:
                await OnAnswerAsync(Message.Decode<KexEcdhReply>(packet.Span)).ConfigureAwait(false);
                break;
            default:
                throw new SshProtocolException(CloseReason.ProtocolError, $"message {(byte)packet.Number} does not belong to the key exchange");
        }

        return false;
    }

    public void OnClosed(SshClosedException reason)
    {
        _first.TrySetException(reason);
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>When both loops have ended.</summary>
    public void Dispose()
    {
        _first.Task.Exception?.Handle(static _ => true);
        _timer.Dispose();
        _agreement?.Dispose();
        _nextInbound?.Dispose();
    }

    private KexInit Propose()
    {
        AlgorithmPreferences algorithms = _options.Algorithms;
        IEnumerable<string> kex = algorithms.Kex;
        if (!First.IsCompleted)
            kex = kex.Concat(IsClient ? [Negotiation.ExtensionInfoClient, Negotiation.StrictClient] : [Negotiation.ExtensionInfoServer, Negotiation.StrictServer]);
        string[] hostKeys = IsClient
            ? [.. algorithms.HostKeys]
            : [.. algorithms.HostKeys.Where(name => _options.HostKeys.Any(key => key.PublicKey.SignatureAlgorithms.Contains(name)))];
        string[] ciphers = [.. algorithms.Ciphers];
        string[] macs = [.. algorithms.Macs];
        return new()
        {
            Cookie = RandomNumberGenerator.GetBytes(KexInit.CookieLength),
            KexAlgorithms = [.. kex],
            ServerHostKeyAlgorithms = hostKeys,
            CiphersToServer = ciphers,
            CiphersToClient = ciphers,
            MacsToServer = macs,
            MacsToClient = macs,
            CompressionToServer = ["none"],
            CompressionToClient = ["none"],
            LanguagesToServer = [],
            LanguagesToClient = [],
            FirstKexPacketFollows = false,
        };
    }

    private void OnKexInit(byte[] payload)
    {
        bool first = _transport.Phase is Phase.FirstKexInit;
        KexInit peer = Message.Decode<KexInit>(payload);
        if (peer.KexAlgorithms.Length == 0 || peer.ServerHostKeyAlgorithms.Length == 0)
            throw new SshProtocolException(CloseReason.KeyExchangeFailed, "the peer offers no key exchange or host key algorithm");
        Begin();
        _peerKexInit = payload;
        Negotiation negotiation = Negotiation.Resolve(_own, peer, _transport.Role);
        _negotiation = negotiation;
        _skipNext = negotiation.SkipsGuess;
        if (first)
            EnterFirst(peer, negotiation);
        _resume = first ? Phase.Service : _transport.Phase;
        _transport.Phase = first ? Phase.FirstKex : Phase.Rekey;
        Log.Negotiated(_logger, negotiation.Kex.Name, negotiation.HostKeyAlgorithm, negotiation.CipherToServer.Name, negotiation.CipherToClient.Name);
        _agreement?.Dispose();
        _agreement = negotiation.Kex.Begin();
        if (IsClient)
        {
            _offer = _agreement.Offer();
            _transport.Outbox.SendKex(Message.Encode(new KexEcdhInit(_offer)));
        }
    }

    private void EnterFirst(in KexInit peer, Negotiation negotiation)
    {
        bool strict = peer.KexAlgorithms.Contains(IsClient ? Negotiation.StrictServer : Negotiation.StrictClient);
        if (strict)
            _transport.EnterStrict();
        else if (negotiation.IsOpenToTerrapin)
            _transport.EnterExact();
        else
            return;
        const uint afterFirstPacket = 1;
        if (_transport.InboundSequence != afterFirstPacket)
            throw new SshProtocolException(CloseReason.ProtocolError, "the peer's KEXINIT was not its first packet");
    }

    // Server: the client's public value is here.
    private async ValueTask OnOfferAsync(byte[] offer)
    {
        (KeyAgreement taken, Negotiation negotiation) = TakeAgreement();
        using KeyAgreement agreement = taken;
        ISshSigner hostKey = _options.HostKeys.First(key => key.PublicKey.SignatureAlgorithms.Contains(negotiation.HostKeyAlgorithm));
        (byte[] answer, byte[] secret) = agreement.Answer(offer);
        try
        {
            byte[] blob = hostKey.PublicKey.Blob.ToArray();
            byte[] hash = ExchangeHash.Compute(negotiation.Kex.Hash, Transcript(blob, offer, answer), secret);
            byte[] signature = await hostKey.SignAsync(negotiation.HostKeyAlgorithm, hash, _transport.Ending).ConfigureAwait(false);
            HostKey ??= hostKey.PublicKey;
            _transport.Outbox.SendKex(Message.Encode(new KexEcdhReply(blob, answer, signature)));
            UseSecret(negotiation, secret, hash);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // Client: the server's public value, host key and signature are here.
    private async ValueTask OnAnswerAsync(KexEcdhReply reply)
    {
        (KeyAgreement taken, Negotiation negotiation) = TakeAgreement();
        using KeyAgreement agreement = taken;
        SshPublicKey hostKey = ParseHostKey(reply.HostKey, negotiation.HostKeyAlgorithm);
        byte[] secret = agreement.Complete(reply.PublicValue);
        try
        {
            byte[] hash = ExchangeHash.Compute(negotiation.Kex.Hash, Transcript(reply.HostKey, _offer!, reply.PublicValue), secret);
            if (!hostKey.Verify(negotiation.HostKeyAlgorithm, hash, reply.Signature))
                throw new SshProtocolException(CloseReason.KeyExchangeFailed, "the server's signature does not fit its host key: somebody may be in between");
            await AcceptHostKeyAsync(hostKey).ConfigureAwait(false);
            if (Completed == 0)
                HostKeySignature = reply.Signature;
            UseSecret(negotiation, secret, hash);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static SshPublicKey ParseHostKey(byte[] blob, string algorithm)
    {
        SshPublicKey hostKey;
        try
        {
            hostKey = SshPublicKey.Parse(blob);
        }
        catch (SshKeyException e)
        {
            throw new SshProtocolException(CloseReason.KeyExchangeFailed, $"the server's host key cannot be used: {e.Message}", e);
        }

        if (!hostKey.SignatureAlgorithms.Contains(algorithm))
            throw new SshProtocolException(CloseReason.KeyExchangeFailed, $"the server presented a {hostKey.KeyType} key where {algorithm} was agreed");
        return hostKey;
    }

    private async ValueTask AcceptHostKeyAsync(SshPublicKey hostKey)
    {
        if (HostKey is { } known)
        {
            if (!known.Equals(hostKey))
                throw new SshProtocolException(CloseReason.HostKeyRefused, "the server presented another host key when keys were exchanged anew");
            return;
        }

        try
        {
            await _options.VerifyHostKey!(hostKey, _transport.Ending).ConfigureAwait(false);
        }
        catch (SshHostKeyException e)
        {
            throw new SshProtocolException(CloseReason.HostKeyRefused, e.Message, e);
        }

        HostKey = hostKey;
    }

    private (KeyAgreement Agreement, Negotiation Negotiation) TakeAgreement()
    {
        KeyAgreement agreement = _agreement ?? throw new SshProtocolException(CloseReason.ProtocolError, "the peer repeats a message of the key exchange");
        _agreement = null;
        return (agreement, _negotiation!);
    }

    private ExchangeTranscript Transcript(byte[] hostKey, byte[] offer, byte[] answer) => IsClient
        ? new(_ownIdentification, _peerIdentification, _ownKexInit!, _peerKexInit!, hostKey, offer, answer)
        : new(_peerIdentification, _ownIdentification, _peerKexInit!, _ownKexInit!, hostKey, offer, answer);

    private void UseSecret(Negotiation negotiation, byte[] secret, byte[] hash)
    {
        if (SessionId.Length == 0)
            SessionId = hash;
        KeyEpoch toServer = Derive(negotiation, secret, hash, negotiation.CipherToServer, negotiation.MacToServer, "ACE", IsClient);
        KeyEpoch toClient = Derive(negotiation, secret, hash, negotiation.CipherToClient, negotiation.MacToClient, "BDF", !IsClient);
        (_outbound, _nextInbound) = IsClient ? (toServer, toClient) : (toClient, toServer);
        bool first = _transport.Phase is Phase.FirstKex;
        _transport.Phase = first ? Phase.FirstNewKeys : Phase.RekeyNewKeys;
        _transport.Outbox.SendKex(Message.Encode(default(NewKeys)), _outbound);
        bool couldBeDropped = !_transport.Strict && negotiation.IsOpenToTerrapin;
        if (first && _options.Extensions.Count > 0 && !couldBeDropped && PeerWantsExtensions())
            _transport.Outbox.SendKex(Message.Encode(new ExtensionInfo(_options.Extensions)));
    }

    private KeyEpoch Derive(Negotiation negotiation, byte[] secret, byte[] hash, CipherAlgorithm cipher, MacAlgorithm? mac, string letters, bool sealing)
    {
        Span<byte> iv = stackalloc byte[cipher.IvLength];
        Span<byte> key = stackalloc byte[cipher.KeyLength];
        Span<byte> macKey = stackalloc byte[mac?.KeyLength ?? 0];
        ExchangeHash.DeriveKey(negotiation.Kex.Hash, secret, hash, letters[0], SessionId, iv);
        ExchangeHash.DeriveKey(negotiation.Kex.Hash, secret, hash, letters[1], SessionId, key);
        ExchangeHash.DeriveKey(negotiation.Kex.Hash, secret, hash, letters[2], SessionId, macKey);
        var epoch = new KeyEpoch(cipher.Create(mac, key, iv, macKey, sealing));
        CryptographicOperations.ZeroMemory(iv);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(macKey);
        return epoch;
    }

    private bool PeerWantsExtensions() =>
        Message.Decode<KexInit>(_peerKexInit).KexAlgorithms.Contains(IsClient ? Negotiation.ExtensionInfoServer : Negotiation.ExtensionInfoClient);

    private void OnNewKeys()
    {
        _inbound = _nextInbound!;
        _nextInbound = null;
        _transport.SwitchInbound(_inbound);
        _transport.Phase = _resume;
        Completed++;
        lock (_sync)
            _ownKexInit = null;
        _first.TrySetResult();
        Schedule(_limit.Interval, timing: false);
        BeginIfDue();
    }

    private bool IsWorn(KeyEpoch? epoch) =>
        epoch is not null && (epoch.Bytes > (ulong)_limit.Bytes || epoch.Packets > MaxPackets);

    private void Schedule(TimeSpan due, bool timing)
    {
        lock (_sync)
        {
            _timing = timing;
            if (_transport.Closing is null)
                _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTimer(object? state)
    {
        bool overdue;
        lock (_sync)
            overdue = _timing && _ownKexInit is not null;
        if (overdue)
            _transport.Close(CloseReason.Timeout, $"the peer did not finish a key exchange within {_options.RekeyTimeout.TotalSeconds:0} s");
        else
        {
            Volatile.Write(ref _expired, true);
            BeginIfDue();
        }
    }
}
