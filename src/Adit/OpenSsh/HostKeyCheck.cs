using System.Net;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>Decides whether a host key is accepted: known hosts, StrictHostKeyChecking, and the user where it comes to that.</summary>
/// <param name="known">The known hosts.</param>
/// <param name="host">The host's name, or its HostKeyAlias.</param>
/// <param name="port">Its port; 22 with a HostKeyAlias.</param>
/// <param name="mode">How strict to be.</param>
internal sealed class HostKeyCheck(KnownHosts known, string host, int port, HostKeyChecking mode)
{
    private RevokedHostKeys? _revoked;

    /// <summary>Asks the user whether an unknown key is right; given what to show, and its fingerprint. Null where nobody can be asked.</summary>
    public Func<string, string, CancellationToken, ValueTask<bool>>? Ask { get; init; }

    /// <summary>The file that accepted keys are added to; null to add none.</summary>
    public string? AddTo { get; init; }

    /// <summary>Whether added names are hashed (HashKnownHosts).</summary>
    public bool Hash { get; init; }

    /// <summary>How fingerprints are shown.</summary>
    public FingerprintHash FingerprintHash { get; init; }

    /// <summary>Whether the key is also shown as a picture (VisualHostKey): in the question, and whenever it is accepted.</summary>
    public bool ShowsPicture { get; init; }

    /// <summary>Told what the user should know: a host was added, or a key was accepted unverified.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>RSA keys with fewer bits are refused (RequiredRSASize).</summary>
    public int RequiredRsaSize { get; init; }

    /// <summary>Algorithms by which a certificate may be signed (CASignatureAlgorithms); null for all that are served.</summary>
    public IReadOnlyList<string>? CaSignatureAlgorithms { get; init; }

    /// <summary>The address that was connected to; null through a jump or a ProxyCommand, where it is not known.</summary>
    public IPEndPoint? Peer { get; init; }

    /// <summary>Whether the address is checked and remembered too (CheckHostIP).</summary>
    public bool CheckAddress { get; init; }

    /// <summary>Whether the host goes by a HostKeyAlias.</summary>
    public bool IsAlias { get; init; }

    /// <summary>Whether every key of this machine itself is accepted (NoHostAuthenticationForLocalhost).</summary>
    public bool TrustsLoopback { get; init; }

    /// <summary>Files of keys that are never accepted (RevokedHostKeys).</summary>
    public IReadOnlyList<string> RevokedKeyFiles { get; init; } = [];

    /// <summary>A program that knows more hosts (KnownHostsCommand); null for none.</summary>
    public KnownHostsCommand? Command { get; init; }

    /// <summary>The user's own known_hosts files. Only a host that is known from them, or was accepted by the user, may change its keys.</summary>
    public IReadOnlyList<string> UserFiles { get; init; } = [];

    /// <summary>The clock for certificates.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How the key was verified, once it was.</summary>
    public string Verification { get; private set; } = "host key NOT VERIFIED";

    /// <summary>
    /// Whether the host is trusted so much that it may announce other keys: by a plain key in the user's own files, or by the user's word.
    /// </summary>
    public bool AllowsUpdate { get; private set; }

    private string Name => KnownHosts.Name(host, port);

    // As with ssh, this machine's own addresses are not recorded, nor is an address that is the host's name.
    private string? AddressName => CheckAddress && Peer is { } peer && !IPAddress.IsLoopback(AddressOf(peer)) && AddressOf(peer).ToString() != host
        ? KnownHosts.Name(AddressOf(peer).ToString(), peer.Port)
        : null;

    /// <summary>The algorithms in the order in which they should be offered; see <see cref="KnownHosts.Prefer"/>.</summary>
    /// <exception cref="IOException">The command failed.</exception>
    public async ValueTask<IReadOnlyList<string>> PreferAsync(IReadOnlyList<string> algorithms, CancellationToken cancellationToken) =>
        (await AskCommandAsync(known, new(KnownHostsQuestion.Order, Name, null), cancellationToken).ConfigureAwait(false))
            .Prefer(host, port, algorithms);

    /// <summary>Accepts the key or throws.</summary>
    /// <exception cref="SshHostKeyException">The key is not accepted; the message says why and what to do.</exception>
    public async ValueTask VerifyAsync(SshPublicKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        RefuseByRule(key);
        if (TrustsLoopback && !IsAlias && Peer is { } peer && IPAddress.IsLoopback(AddressOf(peer)))
        {
            Verification = "host key NOT VERIFIED (NoHostAuthenticationForLocalhost)";
            Show(key);
            return;
        }

        HostKeyVerdict verdict;
        HostKeyVerdict? address = null;
        try
        {
            KnownHosts all = await AskCommandAsync(known, new(KnownHostsQuestion.HostName, Name, key, FingerprintHash), cancellationToken).ConfigureAwait(false);
            verdict = all.Check(host, port, key, Time.GetUtcNow());
            if (AddressName is { } name && key.Certificate is null)
            {
                all = await AskCommandAsync(known, new(KnownHostsQuestion.Address, name, key, FingerprintHash), cancellationToken).ConfigureAwait(false);
                address = all.CheckName(name, key, Time.GetUtcNow());
            }
        }
        catch (IOException e)
        {
            throw new SshHostKeyException($"{e.Message}; whether the key of {Name} is known, or another one, cannot be told", key);
        }

        RefuseIfNotItsOwn(key, verdict);
        await VerifyAddressAsync(key, verdict, address, cancellationToken).ConfigureAwait(false);
        if (verdict.Status is HostKeyStatus.Unknown)
            await VerifyUnknownAsync(key, address, cancellationToken).ConfigureAwait(false);
        else
            Accept(key, verdict, address);
    }

    /// <summary>
    /// Takes over the keys that the host announces once the user is logged in; null where it is not trusted enough, as with ssh. To be
    /// asked for after the key was accepted.
    /// </summary>
    /// <param name="algorithms">The host key algorithms that are accepted (HostKeyAlgorithms).</param>
    /// <param name="confirm">Asks the user (UpdateHostKeys ask); null to do it unasked.</param>
    public HostKeyUpdate? Update(IReadOnlyList<string> algorithms, Func<string, CancellationToken, ValueTask<bool>>? confirm) =>
        AllowsUpdate && UserFiles.Count > 0
            ? new(Name, AddressName, UserFiles)
            {
                Algorithms = algorithms,
                Confirm = confirm,
                Hash = Hash,
                FingerprintHash = FingerprintHash,
                IsAcceptable = candidate => RuleAgainst(candidate) is null,
                Notice = Notice,
            }
            : null;

    private string Fingerprint(SshPublicKey key) => KeyFingerprint.Text(key, FingerprintHash);

    private string Question(SshPublicKey key) =>
        $"{key.WithoutCertificate.ShortName} key fingerprint is {Fingerprint(key)}."
        + (ShowsPicture ? $"\n{KeyFingerprint.Picture(key.WithoutCertificate, FingerprintHash)}" : string.Empty);

    private void Show(SshPublicKey key)
    {
        if (ShowsPicture)
            Notice($"host key fingerprint of {Name} is {Fingerprint(key)}\n{KeyFingerprint.Picture(key, FingerprintHash)}");
    }

    private static IPAddress AddressOf(IPEndPoint peer) => Endpoint.Unmapped(peer.Address);

    private bool IsShortRsa(SshPublicKey key) => key.WithoutCertificate.KeyType == "ssh-rsa" && key.Bits < RequiredRsaSize;

    private async ValueTask<KnownHosts> AskCommandAsync(KnownHosts files, KnownHostsQuestion question, CancellationToken cancellationToken) =>
        Command is { } command ? await command.AddToAsync(files, question, cancellationToken).ConfigureAwait(false) : files;

    private void RefuseByRule(SshPublicKey key)
    {
        if (RuleAgainst(key) is { } reason)
            throw new SshHostKeyException(reason, key);
    }

    private string? RuleAgainst(SshPublicKey key)
    {
        if (IsShortRsa(key) || (key.Certificate is { } c && IsShortRsa(c.SigningKey)))
            return $"the RSA key of {Name} has fewer than {RequiredRsaSize} bits (RequiredRSASize)";
        if (key.Certificate is { } certificate && CaSignatureAlgorithms?.Contains(certificate.SignatureAlgorithm) == false)
            return $"the host certificate of {Name} is signed with {certificate.SignatureAlgorithm} (CASignatureAlgorithms)";
        _revoked ??= new(RevokedKeyFiles);
        return _revoked.Refusal(key) is { } revoked ? $"the host key of {Name} ({Fingerprint(key)}) is {revoked}" : null;
    }

    private void RefuseIfNotItsOwn(SshPublicKey key, HostKeyVerdict verdict)
    {
        switch (verdict.Status)
        {
            case HostKeyStatus.Revoked:
                throw new SshHostKeyException($"the host key of {Name} is revoked ({verdict.Place}); do not use this host", key);
            case HostKeyStatus.CertificateRefused:
                throw new SshHostKeyException($"the host certificate of {Name} is not accepted: {verdict.Detail}", key);
            // Whatever StrictHostKeyChecking says: ssh would go on without passwords and forwards, and a tunnel is nothing without them.
            case HostKeyStatus.Changed:
                throw new SshHostKeyException(Changed(key, verdict), key);
            case HostKeyStatus.KnownByUnservedKey:
                throw new SshHostKeyException(
                    $"{Name} is known only by a key of a kind that is not served, too weak or too old ({verdict.Place}); it presented "
                    + $"{key.WithoutCertificate.ShortName} {Fingerprint(key)}. If you know that to be right, replace the line", key);
            default:
                break;
        }
    }

    // The name's key is right or new, and the address has another one: a name server may lie, or the address be another host's now.
    private async ValueTask VerifyAddressAsync(
        SshPublicKey key, HostKeyVerdict verdict, HostKeyVerdict? address, CancellationToken cancellationToken)
    {
        if (address is not { Status: not (HostKeyStatus.Known or HostKeyStatus.Unknown) })
            return;
        if (address.Status is HostKeyStatus.Revoked)
            throw new SshHostKeyException($"the host key of {AddressName}, the address of {Name}, is revoked ({address.Place}); do not use this host", key);
        string differs = $"the {key.ShortName} key of {Name} ({(verdict.Status is HostKeyStatus.Known ? verdict.Place : "new")}) "
            + $"differs from the key of its address {AddressName} ({address.Place})";
        switch (mode)
        {
            case HostKeyChecking.Off:
                Notice($"warning: {differs}");
                return;
            case HostKeyChecking.Ask when Ask is { } ask
                && await ask($"Warning: {differs}.\n{Question(key)}", Fingerprint(key), cancellationToken).ConfigureAwait(false):
                return;
            default:
                throw new SshHostKeyException(
                    $"{differs}; the name may lead to another host than it should. If you know that it does not, remove the old key with: ssh-keygen -R '{AddressName}'", key);
        }
    }

    private void Accept(SshPublicKey key, HostKeyVerdict verdict, HostKeyVerdict? address)
    {
        // A certificate whose authority is unknown, or which was refused, may still hold a key that is known by itself.
        bool byKey = verdict.KnownKey?.Equals(key.WithoutCertificate) == true;
        Verification = $"{(byKey ? "host key" : "host certificate")} verified, {verdict.Place}";
        Show(key);
        AllowsUpdate = byKey && !verdict.IsWithoutPort && IsUsers(verdict) && (address?.Status is not HostKeyStatus.Known || IsUsers(address));
        if (address?.Status is not HostKeyStatus.Unknown)
            return;
        if (verdict.File is not null)
            Remember(key, [AddressName!]);
        else
            Notice($"the {key.ShortName} key of the address {AddressName} is not in known_hosts");
    }

    private bool IsUsers(HostKeyVerdict verdict) => verdict.File is { } file && UserFiles.Contains(file);

    private async ValueTask VerifyUnknownAsync(SshPublicKey key, HostKeyVerdict? address, CancellationToken cancellationToken)
    {
        if (known.Unreadable is { } unreadable && mode is not HostKeyChecking.Off)
            throw new SshHostKeyException($"{unreadable}; whether the key of {Name} is known, or another one, cannot be told", key);
        string about = $"{Name} presents the {key.WithoutCertificate.ShortName} key {Fingerprint(key)}";
        string[] names = address?.Status is HostKeyStatus.Unknown ? [Name, AddressName!] : [Name];
        switch (mode)
        {
            case HostKeyChecking.Off:
                Verification = "host key NOT VERIFIED (StrictHostKeyChecking no)";
                Notice($"warning: {about}, accepted without verification (StrictHostKeyChecking no)");
                Show(key);
                Remember(key, names);
                return;
            case HostKeyChecking.AcceptNew:
                Verification = "host key accepted on first use";
                Show(key);
                Remember(key, names);
                return;
            case HostKeyChecking.Ask when Ask is { } ask:
                if (!await ask($"The host {Name} is not known by this key.\n{Question(key)}", Fingerprint(key), cancellationToken).ConfigureAwait(false))
                    break;
                Verification = "host key accepted by you";
                AllowsUpdate = true;
                Remember(key, names);
                return;
            default:
                break;
        }

        throw new SshHostKeyException(
            $"host key verification failed: {about}, which is not in known_hosts; compare the fingerprint with the server's administrator and add the key", key);
    }

    private string Changed(SshPublicKey key, HostKeyVerdict verdict) =>
        $"the host key of {Name} has CHANGED: known is {verdict.KnownKey!.ShortName} {Fingerprint(verdict.KnownKey)} ({verdict.Place}), "
        + $"presented was {key.WithoutCertificate.ShortName} {Fingerprint(key)}; somebody may be in between, or the host was set up anew. "
        + $"If you know that it was, remove the old key with: ssh-keygen -R '{Name}'";

    private void Remember(SshPublicKey key, string[] names)
    {
        if (AddTo is not { } path)
            return;
        string added = string.Join(", ", names);
        try
        {
            KnownHostsFile.Add(path, names, key.WithoutCertificate, Hash);
            Notice($"added {added} ({key.WithoutCertificate.ShortName}) to {path}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Notice($"could not add {added} to {path}: {e.Message}");
        }
    }
}
