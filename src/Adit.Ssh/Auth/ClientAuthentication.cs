using System.Threading.Channels;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Auth;

/// <summary>A reply of the server, number and payload.</summary>
internal readonly record struct AuthReply(MessageNumber Number, byte[] Payload);

/// <summary>
/// The client's side of RFC 4252: asks for the service, then tries methods in the caller's order until the server is satisfied,
/// several in sequence where it wants several (partial success).
/// </summary>
internal sealed class ClientAuthentication(SshTransport transport, KeyExchange kex, string user, Action<string>? onBanner, ILogger logger)
    : IPacketHandler
{
    private const string Service = "ssh-userauth";
    private const string NextService = "ssh-connection";
    private const int MaxBanners = 64;

    // Each reply answers a request, so few are ever waiting; a server that talks without being asked is cut off.
    private readonly Channel<AuthReply> _replies = Channel.CreateBounded<AuthReply>(8);
    private readonly List<string> _tried = [];
    private string[] _canContinue = [];
    private int _banners;

    /// <summary>The server knows publickey-hostbound-v00@openssh.com.</summary>
    public bool HostBound => transport.PeerExtensions.HostBound;

    public SshPublicKey HostKey => kex.HostKey!;

    /// <summary>What was tried so far.</summary>
    public IReadOnlyList<string> Tried => _tried;

    /// <exception cref="SshAuthException">No method was accepted.</exception>
    public async Task RunAsync(IReadOnlyList<ClientAuthMethod> methods, CancellationToken cancellationToken)
    {
        long asked = transport.RoundTrip.Now;
        transport.Send(new ServiceRequest(Service));
        AuthReply accept = await ReplyAsync(cancellationToken).ConfigureAwait(false);
        transport.RoundTrip.OnAnswer(asked);
        if (accept.Number is not MessageNumber.ServiceAccept)
            throw new SshProtocolException(CloseReason.ProtocolError, "the server answered the service request with something else");

        ClientAuthMethod? method = new NoneMethod();
        var exhausted = new HashSet<ClientAuthMethod>();
        while (method is not null)
        {
            AuthOutcome outcome = await method.TryAsync(this, cancellationToken).ConfigureAwait(false);
            Log.Attempt(logger, method.Name, outcome);
            if (outcome is AuthOutcome.Success)
                return;
            if (outcome is AuthOutcome.Exhausted)
                exhausted.Add(method);
            method = methods.FirstOrDefault(candidate => !exhausted.Contains(candidate) && _canContinue.Contains(candidate.Name));
        }

        string tried = _tried.Count == 0 ? "nothing could be tried" : $"tried: {string.Join("; ", _tried)}";
        throw new SshAuthException($"permission denied ({string.Join(',', _canContinue)}); {tried}", _tried, _canContinue);
    }

    /// <summary>Remembers an attempt for the message that tells of failure.</summary>
    public void Note(string attempt) => _tried.Add(attempt);

    public void Send<T>(in T message)
        where T : struct, IMessage<T> => transport.Send(message);

    public void Request(string method, byte[] fields) => transport.Send(new UserAuthRequest(user, NextService, method, fields));

    public async ValueTask<AuthReply> ReplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _replies.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw transport.Closing ?? new SshClosedException(CloseReason.ConnectionLost, "the connection ended", e);
        }
    }

    public async ValueTask<AuthOutcome> OutcomeAsync(CancellationToken cancellationToken) =>
        Outcome(await ReplyAsync(cancellationToken).ConfigureAwait(false));

    public AuthOutcome Outcome(AuthReply reply)
    {
        switch (reply.Number)
        {
            case MessageNumber.UserAuthSuccess:
                return AuthOutcome.Success;
            case MessageNumber.UserAuthFailure:
                var failure = Message.Decode<UserAuthFailure>(reply.Payload);
                _canContinue = failure.CanContinue;
                return failure.PartialSuccess ? AuthOutcome.PartialSuccess : AuthOutcome.Failure;
            default:
                throw new SshProtocolException(CloseReason.ProtocolError, $"message {(byte)reply.Number} does not answer the authentication request");
        }
    }

    /// <summary>
    /// The strongest algorithm of the key that the server takes: by server-sig-algs (RFC 8308 section 3.1) where it sent that,
    /// else the key's strongest, since a server that says nothing may still know it.
    /// </summary>
    public string? SignatureAlgorithmFor(SshPublicKey key, IReadOnlyList<string>? allowed)
    {
        IEnumerable<string> usable = key.SignatureAlgorithms.Where(name => allowed is null || allowed.Contains(name));
        if (transport.PeerExtensions.ServerSignatureAlgorithms is not { } served)
            return usable.FirstOrDefault();
        return usable.FirstOrDefault(name => served.Contains(name) || served.Contains(KeyType.WithoutCertificate(name)));
    }

    /// <summary>What a publickey signature covers.</summary>
    public byte[] SignedData(string method, byte[] fields) =>
        PublicKeySignature.Data(kex.SessionId, new UserAuthRequest(user, NextService, method, fields));

    public ValueTask<bool> HandleAsync(InboundPacket packet)
    {
        switch (packet.Number)
        {
            case MessageNumber.UserAuthBanner:
                if (++_banners > MaxBanners)
                    throw new SshProtocolException(CloseReason.ProtocolError, $"the server sent more than {MaxBanners} banners");
                onBanner?.Invoke(Message.Decode<UserAuthBanner>(packet.Span).Text);
                return default;
            case MessageNumber.ServiceAccept:
                if (Message.Decode<ServiceAccept>(packet.Span).Service != Service)
                    throw new SshProtocolException(CloseReason.ProtocolError, "the server accepted a service that was not asked for");
                transport.Phase = Phase.Authentication;
                break;
            case MessageNumber.UserAuthSuccess:
                Message.Decode<UserAuthSuccess>(packet.Span);

                // Here and not later: messages of the connection protocol may follow in the same segment.
                transport.Phase = Phase.Connection;
                break;
            default:
                break;
        }

        if (!_replies.Writer.TryWrite(new(packet.Number, packet.Span.ToArray())))
            throw new SshProtocolException(CloseReason.ProtocolError, "the server answers more than it was asked");
        return default;
    }

    public void OnClosed(SshClosedException reason) => _replies.Writer.TryComplete();
}
