using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Transport;
using Adit.Ssh.Wire;
using Microsoft.Extensions.Logging;

namespace Adit.Ssh.Auth;

/// <summary>What a server's authentication needs to know.</summary>
/// <param name="Authenticator">Decides.</param>
/// <param name="KeyAlgorithms">Signature algorithms of user keys that are accepted.</param>
/// <param name="MaxTries">So many failures end the connection.</param>
/// <param name="Banner">Gives the text to show to a user before anything else; null for none.</param>
internal sealed record ServerAuthenticationOptions(
    ServerAuthenticator Authenticator, IReadOnlyList<string> KeyAlgorithms, int MaxTries, Func<string, string?>? Banner);

/// <summary>
/// The server's side of RFC 4252. Requests are judged on the receive loop, one after the other; the methods that a user needs come from the
/// <see cref="ServerAuthenticator"/>.
/// </summary>
internal sealed class ServerAuthentication(
    SshTransport transport, KeyExchange kex, ServerAuthenticationOptions options, Action<UserTerms> onSuccess, ILogger logger) : IPacketHandler
{
    private const string Service = "ssh-userauth";
    private const string NextService = "ssh-connection";

    // RFC 4256 has no limit; a conversation without an end is none.
    private const int MaxRounds = 50;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _completed = [];
    private readonly List<SshPublicKey> _used = [];
    private IReadOnlyList<IReadOnlyList<string>> _lists = [];
    private UserTerms _terms = UserTerms.None;
    private string? _user;
    private int _failures;
    private bool _asked;
    private int _round;
    private int _prompts;

    /// <summary>Completes when the user is in; fails when the connection ends before.</summary>
    public Task Done => _done.Task;

    public async ValueTask<bool> HandleAsync(InboundPacket packet)
    {
        switch (packet.Number)
        {
            case MessageNumber.ServiceRequest:
                OnServiceRequest(Message.Decode<ServiceRequest>(packet.Span).Service);
                break;
            case MessageNumber.UserAuthRequest:
                await OnRequestAsync(Take<UserAuthRequest>(packet)).ConfigureAwait(false);
                break;
            case MessageNumber.UserAuthInfoResponse:
                await OnInfoResponseAsync(Take<InfoResponse>(packet)).ConfigureAwait(false);
                break;
            default:
                throw new SshProtocolException(CloseReason.ProtocolError, $"message {(byte)packet.Number} does not come from a client");
        }

        return false;
    }

    public void OnClosed(SshClosedException reason)
    {
        _done.TrySetException(reason);
        _done.Task.Exception?.Handle(static _ => true);
    }

    // Passwords pass here: nothing of the packet stays in pooled memory.
    private static T Take<T>(InboundPacket packet)
        where T : struct, IMessage<T>
    {
        try
        {
            return Message.Decode<T>(packet.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(packet.Payload).Span[1..]);
        }
    }

    private void OnServiceRequest(string service)
    {
        if (service != Service)
            throw new SshProtocolException(CloseReason.ProtocolError, "the client asked for a service that is not served before authentication");
        transport.Phase = Phase.Authentication;
        transport.Send(new ServiceAccept(Service));
    }

    private async ValueTask OnRequestAsync(UserAuthRequest request)
    {
        try
        {
            await IdentifyAsync(request).ConfigureAwait(false);
            _asked = false;
            switch (request.Method)
            {
                case "publickey" or PublicKeySignature.HostBound:
                    await OnPublicKeyAsync(request).ConfigureAwait(false);
                    break;
                case "password" when IsDue("password"):
                    Conclude("password", await CheckPasswordAsync(request.Fields).ConfigureAwait(false));
                    break;
                case "keyboard-interactive" when IsDue("keyboard-interactive"):
                    _round = 0;
                    await AskAsync([]).ConfigureAwait(false);
                    break;
                case "none":
                    // It asks which methods there are; the first time this costs nothing (RFC 4252 section 5.2).
                    Fail("none", null, counts: _failures > 0);
                    break;
                default:
                    Fail(request.Method, null);
                    break;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request.Fields);
        }
    }

    private async ValueTask IdentifyAsync(UserAuthRequest request)
    {
        if (request.Service != NextService)
            throw new SshProtocolException(CloseReason.ProtocolError, "the client wants a service that is not served");
        if (_user is null)
        {
            _user = request.User;
            _lists = await options.Authenticator.BeginAsync(_user, transport.Ending).ConfigureAwait(false);
            _terms = options.Authenticator.Terms;
            _terms.Validate();
            if (options.Banner?.Invoke(_user) is { } banner)
                transport.Send(new UserAuthBanner(banner));
        }
        else if (_user != request.User)
        {
            throw new SshProtocolException(CloseReason.ProtocolError, "the client changed the name of its user");
        }
    }

    // RFC 4252 section 7, RFC 8332, OpenSSH's PROTOCOL section 1.8.
    private async ValueTask OnPublicKeyAsync(UserAuthRequest request)
    {
        var fields = new SshReader(request.Fields);
        bool isSigned = fields.ReadBoolean();
        string algorithm = fields.ReadName();
        byte[] blob = fields.ReadString().ToArray();
        bool isBound = request.Method is not PublicKeySignature.HostBound || fields.ReadString().SequenceEqual(kex.HostKey!.Blob.Span);
        byte[] unsigned = request.Fields[..^fields.Rest.Length];
        byte[] signature = isSigned ? fields.ReadString().ToArray() : [];
        fields.ReadEnd();

        SshPublicKey? key = ParseKey(blob, algorithm);
        if (key is null || !isBound || !IsDue("publickey") || _used.Contains(key.WithoutCertificate)
            || !await options.Authenticator.AcceptsKeyAsync(key, proved: false, transport.Ending).ConfigureAwait(false))
        {
            Fail("publickey", key);
        }
        else if (!isSigned)
        {
            transport.Send(new PublicKeyOk(algorithm, blob));
        }
        else
        {
            bool proved = key.Verify(algorithm, PublicKeySignature.Data(kex.SessionId, request with { Fields = unsigned }), signature)
                && await options.Authenticator.AcceptsKeyAsync(key, proved: true, transport.Ending).ConfigureAwait(false);
            if (proved)
                _used.Add(key.WithoutCertificate);
            Conclude("publickey", proved, key);
        }
    }

    private SshPublicKey? ParseKey(byte[] blob, string algorithm)
    {
        if (!(_terms.KeyAlgorithms ?? options.KeyAlgorithms).Contains(algorithm))
            return null;
        try
        {
            SshPublicKey key = SshPublicKey.Parse(blob);
            return key.SignatureAlgorithms.Contains(algorithm) ? key : null;
        }
        catch (SshException)
        {
            return null;
        }
    }

    // RFC 4252 section 8. Nobody here has a password that could be changed.
    private async ValueTask<bool> CheckPasswordAsync(byte[] fields)
    {
        var reader = new SshReader(fields);
        bool changes = reader.ReadBoolean();
        byte[] password = reader.ReadString().ToArray();
        try
        {
            return !changes && await options.Authenticator.AcceptsPasswordAsync(password, transport.Ending).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private async ValueTask OnInfoResponseAsync(InfoResponse response)
    {
        try
        {
            if (!_asked || response.Answers.Length != _prompts)
                throw new SshProtocolException(CloseReason.ProtocolError, "the client answered what was not asked");
            _asked = false;
            _round++;
            await AskAsync(response.Answers).ConfigureAwait(false);
        }
        finally
        {
            foreach (byte[] answer in response.Answers)
                CryptographicOperations.ZeroMemory(answer);
        }
    }

    // RFC 4256 section 3.
    private async ValueTask AskAsync(byte[][] answers)
    {
        KeyboardInteractiveStep step = await options.Authenticator.AskAsync(_round, answers, transport.Ending).ConfigureAwait(false);
        if (step.Question is { } question && _round < MaxRounds)
        {
            _asked = true;
            _prompts = question.Prompts.Count;
            transport.Send(new InfoRequest(
                question.Name, question.Instruction, string.Empty, [.. question.Prompts.Select(static p => new InfoRequest.Prompt(p.Text, p.Echo))]));
        }
        else
        {
            Conclude("keyboard-interactive", step is { Question: null, Accepted: true });
        }
    }

    private bool IsDue(string method) => _lists.Any(list => list.Count > 0 && list[0] == method);

    private void Conclude(string method, bool accepted, SshPublicKey? key = null)
    {
        if (!accepted)
        {
            Fail(method, key);
            return;
        }

        _completed.Add(method);
        _lists = [.. _lists.Where(list => list[0] == method).Select(static list => list.Skip(1).ToArray())];
        if (!_lists.Any(static list => list.Count == 0))
        {
            Log.Attempt(logger, method, AuthOutcome.PartialSuccess);
            transport.Send(new UserAuthFailure(Methods(), PartialSuccess: true));
            return;
        }

        Log.Attempt(logger, method, AuthOutcome.Success);
        options.Authenticator.OnSuccess(_completed);
        onSuccess(_terms);

        // Queued before the phase changes, so that no KEXINIT of ours comes before it; the phase changes here and not later, because
        // messages of the connection protocol may follow in the same segment.
        transport.Enqueue(default(UserAuthSuccess));
        transport.Phase = Phase.Connection;
        transport.Outbox.Flush();
        _done.TrySetResult();
    }

    private void Fail(string method, SshPublicKey? key, bool counts = true)
    {
        Log.Attempt(logger, method, AuthOutcome.Failure);
        if (counts)
        {
            _failures++;
            options.Authenticator.OnFailure(method, key);
        }

        if (_failures >= (_terms.MaxAuthenticationTries ?? options.MaxTries))
            throw new SshProtocolException(CloseReason.AuthenticationFailed, "Too many authentication failures");
        transport.Send(new UserAuthFailure(Methods(), PartialSuccess: false));
    }

    private string[] Methods() => [.. _lists.Select(static list => list[0]).Distinct()];
}
