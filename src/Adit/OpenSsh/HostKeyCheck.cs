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
    /// <summary>Asks the user whether an unknown key is right; given what to show. Null where nobody can be asked.</summary>
    public Func<string, CancellationToken, ValueTask<bool>>? Ask { get; init; }

    /// <summary>The file that accepted keys are added to; null to add none.</summary>
    public string? AddTo { get; init; }

    /// <summary>Whether added names are hashed (HashKnownHosts).</summary>
    public bool Hash { get; init; }

    /// <summary>Told what the user should know: a host was added, or a key was accepted unverified.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>RSA keys with fewer bits are refused (RequiredRSASize).</summary>
    public int RequiredRsaSize { get; init; }

    /// <summary>Algorithms by which a certificate may be signed (CASignatureAlgorithms); null for all that are served.</summary>
    public IReadOnlyList<string>? CaSignatureAlgorithms { get; init; }

    /// <summary>The clock for certificates.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How the key was verified, once it was.</summary>
    public string Verification { get; private set; } = "host key NOT VERIFIED";

    /// <summary>Accepts the key or throws.</summary>
    /// <exception cref="SshHostKeyException">The key is not accepted; the message says why and what to do.</exception>
    public async ValueTask VerifyAsync(SshPublicKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (IsShortRsa(key) || (key.Certificate is { } c && IsShortRsa(c.SigningKey)))
            throw new SshHostKeyException($"the RSA key of {Name} has fewer than {RequiredRsaSize} bits (RequiredRSASize)", key);
        if (key.Certificate is { } certificate && CaSignatureAlgorithms?.Contains(certificate.SignatureAlgorithm) == false)
            throw new SshHostKeyException($"the host certificate of {Name} is signed with {certificate.SignatureAlgorithm} (CASignatureAlgorithms)", key);
        HostKeyVerdict verdict = known.Check(host, port, key, Time.GetUtcNow());
        switch (verdict.Status)
        {
            case HostKeyStatus.Known:
                // A certificate whose authority is unknown, or which was refused, may still hold a key that is known by itself.
                bool byKey = verdict.KnownKey?.Equals(key.WithoutCertificate) == true;
                Verification = $"{(byKey ? "host key" : "host certificate")} verified, {verdict.Place}";
                break;
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
                    + $"{key.WithoutCertificate.ShortName} {key.Fingerprint}. If you know that to be right, replace the line", key);
            default:
                await VerifyUnknownAsync(key, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private string Name => KnownHosts.Name(host, port);

    private bool IsShortRsa(SshPublicKey key) => key.WithoutCertificate.KeyType == "ssh-rsa" && key.Bits < RequiredRsaSize;

    private async ValueTask VerifyUnknownAsync(SshPublicKey key, CancellationToken cancellationToken)
    {
        if (known.Unreadable is { } unreadable && mode is not HostKeyChecking.Off)
            throw new SshHostKeyException($"{unreadable}; whether the key of {Name} is known, or another one, cannot be told", key);
        string about = $"{Name} presents the {key.WithoutCertificate.ShortName} key {key.Fingerprint}";
        switch (mode)
        {
            case HostKeyChecking.Off:
                Verification = "host key NOT VERIFIED (StrictHostKeyChecking no)";
                Notice($"warning: {about}, accepted without verification (StrictHostKeyChecking no)");
                Remember(key);
                return;
            case HostKeyChecking.AcceptNew:
                Verification = "host key accepted on first use";
                Remember(key);
                return;
            case HostKeyChecking.Ask when Ask is { } ask:
                if (!await ask($"The host {Name} is not known by this key.\n{key.WithoutCertificate.ShortName} key fingerprint is {key.Fingerprint}.", cancellationToken).ConfigureAwait(false))
                    break;
                Verification = "host key accepted by you";
                Remember(key);
                return;
            default:
                break;
        }

        throw new SshHostKeyException(
            $"host key verification failed: {about}, which is not in known_hosts; compare the fingerprint with the server's administrator and add the key", key);
    }

    private string Changed(SshPublicKey key, HostKeyVerdict verdict) =>
        $"the host key of {Name} has CHANGED: known is {verdict.KnownKey!.ShortName} {verdict.KnownKey.Fingerprint} ({verdict.Place}), "
        + $"presented was {key.WithoutCertificate.ShortName} {key.Fingerprint}; somebody may be in between, or the host was set up anew. "
        + $"If you know that it was, remove the old key with: ssh-keygen -R '{Name}'";

    private void Remember(SshPublicKey key)
    {
        if (AddTo is not { } path)
            return;
        try
        {
            KnownHosts.Add(path, host, port, key, Hash);
            Notice($"added {Name} ({key.WithoutCertificate.ShortName}) to {path}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Notice($"could not add {Name} to {path}: {e.Message}");
        }
    }
}
