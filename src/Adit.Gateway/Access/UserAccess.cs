using System.Collections.Immutable;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Transport;
using Adit.Wording;

namespace Adit.Gateway.Access;

/// <summary>
/// Decides whether a client is let in, by the rules of sshd_config. A user needs no account on the system: it exists by having a key, a
/// certificate or an entry. Whoever may not come in is asked for the same as everybody else.
/// </summary>
/// <param name="visitor">Who wants in.</param>
/// <param name="settings">The settings for a connection, or for the gateway as a whole.</param>
internal sealed class UserAccess(Visitor visitor, Func<ConnectionSubject?, GatewaySettings> settings) : ServerAuthenticator
{
    private const int MaxBannerLength = 128 * 1024;

    private GatewaySettings _settings = new();
    private UserEntry? _entry;
    private KeyAccess? _keys;
    private ImmutableArray<SshPublicKey> _proved = [];
    private KeyOptions _options = KeyOptions.None;
    private string? _denied;
    private string? _lastRefusal;
    private int _failures;

    /// <summary>The name that the client gave; null before it gave one. It is the peer's text.</summary>
    public string? User { get; private set; }

    /// <summary>What Match blocks are asked about.</summary>
    public ConnectionSubject? Subject { get; private set; }

    /// <summary>Who is in; null while nobody is.</summary>
    public Grant? Grant { get; private set; }

    public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken)
    {
        // "joe:style" asks for a style of authentication, of which there is one here; the user is joe.
        int colon = user.IndexOf(':', StringComparison.Ordinal);
        User = user = colon < 0 ? user : user[..colon];
        GatewaySettings global = settings(null);
        bool isValid = UserName.IsValid(user);
        SystemAccount account = isValid ? SystemAccount.Of(user) : new(null, null, []);
        _entry = isValid && global.AditUsersFile is { } file ? UserEntry.Find(file, user) : null;
        Subject = new(user, [.. account.Groups, .. _entry?.Groups ?? []], visitor.Address, visitor.LocalAddress, visitor.LocalPort);
        _settings = settings(Subject);
        _denied = isValid ? UserLists.Refusal(_settings, Subject) : "the name cannot be one";
        _keys = new(_settings, user, account, visitor.Address, visitor.Time, Warn);
        return _settings.RefuseConnection is null
            ? new(Lists(passwords: global.AditUsersFile is not null))
            : throw new SshClosedException(CloseReason.AuthenticationFailed, "connections are refused");
    }

    public override UserTerms Terms => new()
    {
        KeyAlgorithms = _settings.PubkeyAcceptedAlgorithms,
        MaxAuthenticationTries = Math.Max(1, _settings.MaxAuthTries),
        RekeyLimit = _settings.RekeyLimit,
        KeepAlive = new(_settings.ClientAliveInterval, _settings.ClientAliveCountMax > 0 ? _settings.ClientAliveCountMax : int.MaxValue),
    };

    public override ValueTask<bool> AcceptsKeyAsync(SshPublicKey key, bool proved, CancellationToken cancellationToken)
    {
        if (_denied is not null || !_settings.PubkeyAuthentication)
            return new(Refused(_denied ?? "PubkeyAuthentication is no"));
        (AcceptedKey? accepted, string? refusal) = _keys!.Judge(key);
        if (accepted is null)
            return new(Refused(refusal!));
        return new(!proved || Take(accepted));
    }

    public override ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        // The comparison is made in any case, so that its duration tells nothing.
        bool fits = (_entry?.Password ?? PasswordHash.Nobody).Fits(password.Span) && _entry?.Password is not null;
        return new(fits && _denied is null || Refused(_denied ?? "the password is wrong, or there is none"));
    }

    public override async ValueTask<KeyboardInteractiveStep> AskAsync(int round, IReadOnlyList<byte[]> answers, CancellationToken cancellationToken)
    {
        if (round == 0)
            return KeyboardInteractiveStep.Ask(new(string.Empty, string.Empty, [new("Password: ", Echo: false)]));
        return await AcceptsPasswordAsync(answers[0], cancellationToken).ConfigureAwait(false) ? KeyboardInteractiveStep.Done : KeyboardInteractiveStep.Refused;
    }

    public override void OnFailure(string method, SshPublicKey? key)
    {
        _failures++;
        visitor.Report(new()
        {
            Time = visitor.Time.GetUtcNow(),
            Event = GatewayEventKind.AuthenticationFailed,
            Method = Printable.Text(method),
            Key = key is null ? null : $"{key.ShortName} {key.WithoutCertificate.Fingerprint}",
            Detail = _lastRefusal ?? (method.StartsWith("publickey", StringComparison.Ordinal) ? "a key or an algorithm that PubkeyAcceptedAlgorithms does not list" : null),
        });
        _lastRefusal = null;
    }

    public override void OnSuccess(IReadOnlyList<string> methods)
    {
        Grant = new(User!, _proved, _options, string.Join(',', methods));
        visitor.Report(new() { Time = visitor.Time.GetUtcNow(), Event = GatewayEventKind.Authenticated, Method = Grant.Methods });
    }

    /// <summary>The text to show before authentication (Banner); null for none.</summary>
    public string? Banner(string user)
    {
        if (_settings.Banner is not { } path)
            return null;
        try
        {
            if (UserFile.Read(path, MaxBannerLength) is not { } text)
                throw new IOException("there is no such file");
            using StreamReader reader = new(new MemoryStream(text));
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Warn($"Banner {path} is not shown: {e.Message}");
            return null;
        }
    }

    /// <summary>What the client's address has coming (PerSourcePenalties) because it did not get in.</summary>
    public TimeSpan Penalty(CloseReason reason)
    {
        SourcePenalties penalties = _settings.PerSourcePenalties;
        return _settings.RefuseConnection is not null ? penalties.RefuseConnection
            : reason is CloseReason.Timeout ? penalties.GraceExceeded
            : _failures > 0 ? (_denied is null ? penalties.AuthFail : penalties.InvalidUser)
            : reason is CloseReason.Cancelled or CloseReason.Closed ? TimeSpan.Zero
            : penalties.NoAuth;
    }

    /// <summary>Why a user who is in already would not get in under these settings; null when it would.</summary>
    public string? RefusalNow(GatewaySettings now)
    {
        if (UserLists.Refusal(now, Subject!) is { } denied)
            return $"the rules have changed: {denied}";
        return Grant?.Keys.Select(key => KeyAccess.Revoked(now, key)).FirstOrDefault(static revoked => revoked is not null) is { } revoked
            ? $"the key is {revoked}"
            : null;
    }

    // Where several keys are needed, what they allow together counts.
    private bool Take(AcceptedKey accepted)
    {
        try
        {
            _options = _proved.IsEmpty ? accepted.Options : KeyOptions.Merge(_options, accepted.Options);
            _proved = _proved.Add(accepted.Key);
            return true;
        }
        catch (FormatException e)
        {
            return Refused(e.Message);
        }
    }

    private bool Refused(string reason)
    {
        _lastRefusal = reason;
        return false;
    }

    private IReadOnlyList<IReadOnlyList<string>> Lists(bool passwords)
    {
        string[] enabled =
        [
            .. _settings.PubkeyAuthentication ? (string[])["publickey"] : [],
            .. _settings.PasswordAuthentication && passwords ? (string[])["password"] : [],
            .. _settings.KbdInteractiveAuthentication && passwords ? (string[])["keyboard-interactive"] : [],
        ];
        if (_settings.AuthenticationMethods.Length == 0)
            return [.. enabled.Select(static method => (string[])[method])];
        return
        [
            .. _settings.AuthenticationMethods
                .Select(static list => list.Select(static method => method.Split(':')[0]).ToArray())
                .Where(list => list.All(enabled.Contains)),
        ];
    }

    private void Warn(string text) =>
        visitor.Report(new() { Time = visitor.Time.GetUtcNow(), Event = GatewayEventKind.Note, Detail = text });
}
