using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;

namespace Adit.OpenSsh;

/// <summary>What became of an announcement of host keys. Immutable plain data.</summary>
/// <param name="Added">The keys that are known from now on.</param>
/// <param name="Removed">The keys that are no longer known.</param>
/// <param name="Reason">Why nothing was done, or not all; null where all was.</param>
internal sealed record HostKeyUpdateResult(IReadOnlyList<SshPublicKey> Added, IReadOnlyList<SshPublicKey> Removed, string? Reason);

/// <summary>
/// Takes the host keys over that a server announces (<c>hostkeys-00@openssh.com</c>, OpenSSH's PROTOCOL section 2.5): new ones, once the
/// server has shown that it holds them, are added to the first of the user's files, and those that it no longer has are removed from all of
/// them. For one connection, of which the host is trusted: <see cref="HostKeyCheck.Update"/>.
/// </summary>
/// <param name="host">The host, as known_hosts names it.</param>
/// <param name="address">Its address likewise; null if that is not checked.</param>
/// <param name="files">The user's known_hosts files.</param>
internal sealed class HostKeyUpdate(string host, string? address, IReadOnlyList<string> files)
{
    private int _announced;

    /// <summary>The host key algorithms that are accepted; a key of none of them is passed over.</summary>
    public required IReadOnlyList<string> Algorithms { get; init; }

    /// <summary>Asks the user whether the changes are right; null to make them unasked.</summary>
    public Func<string, CancellationToken, ValueTask<bool>>? Confirm { get; init; }

    /// <summary>Whether added names are hashed.</summary>
    public bool Hash { get; init; }

    /// <summary>How fingerprints are shown.</summary>
    public FingerprintHash FingerprintHash { get; init; }

    /// <summary>Whether the rules allow a key: not revoked, not too short.</summary>
    public Func<SshPublicKey, bool> IsAcceptable { get; init; } = static _ => true;

    /// <summary>Told what was changed.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>
    /// Handles the announcement. Whatever is wrong with it or the files is the reason in the result; the connection goes on. A server may
    /// announce once.
    /// </summary>
    /// <param name="connection">The connection that it came over; asked for proofs.</param>
    /// <param name="announcement">The fields of the request.</param>
    /// <param name="cancellationToken">Gives it up; nothing is changed from then on.</param>
    public async ValueTask<HostKeyUpdateResult> RunAsync(
        SshConnection connection, ReadOnlyMemory<byte> announcement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        try
        {
            if (Interlocked.Exchange(ref _announced, 1) != 0)
                return Nothing("the server announced its host keys more than once");
            HostKeyChange change = HostKeyChange.Plan(host, address, files, Announced(announcement.Span));
            if (change.Obstacle is { } obstacle)
                return Nothing(obstacle);
            if (change.New.Count > 0 && await DisproveAsync(connection, change.New, cancellationToken).ConfigureAwait(false) is { } unproved)
                return Nothing(unproved);
            if (Confirm is { } confirm && !await confirm(Describe(change), cancellationToken).ConfigureAwait(false))
                return Nothing("the user did not accept the change of the host keys");
            return Apply(change, cancellationToken);
        }
        catch (SshException e)
        {
            return Nothing(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Nothing($"the known hosts cannot be changed: {e.Message}");
        }
    }

    private static HostKeyUpdateResult Nothing(string reason) => new([], [], reason);

    // All of them, with whether they may be added.
    private List<(ReadOnlyMemory<byte> Blob, SshPublicKey? Key)> Announced(ReadOnlySpan<byte> announcement)
    {
        var keys = new List<(ReadOnlyMemory<byte> Blob, SshPublicKey? Key)>();
        foreach (ReadOnlyMemory<byte> blob in HostKeyAnnouncement.Read(announcement).Keys)
        {
            if (keys.Exists(other => other.Blob.Span.SequenceEqual(blob.Span)))
                throw new SshFormatException("the server announced a host key twice");
            keys.Add((blob, Usable(blob.Span)));
        }

        return keys;
    }

    private SshPublicKey? Usable(ReadOnlySpan<byte> blob)
    {
        try
        {
            SshPublicKey key = SshPublicKey.Parse(blob);
            return key.Certificate is null && key.SignatureAlgorithms.Any(Algorithms.Contains) && IsAcceptable(key) ? key : null;
        }
        catch (SshKeyException)
        {
            // Of a kind that is not served, or malformed.
            return null;
        }
    }

    private async ValueTask<string?> DisproveAsync(
        SshConnection connection, IReadOnlyList<SshPublicKey> keys, CancellationToken cancellationToken)
    {
        byte[] asked = new HostKeyProofRequest([.. keys.Select(static key => key.Blob)]).ToFields();
        if (await connection.RequestAsync(HostKeyProofRequest.RequestName, asked, cancellationToken).ConfigureAwait(false) is not { } answer)
            return "the server did not prove that it holds the host keys that it announced";
        IReadOnlyList<ReadOnlyMemory<byte>> proofs = HostKeyProofs.Read(answer).Signatures;
        if (proofs.Count != keys.Count)
            return $"the server gave {proofs.Count} proofs for {keys.Count} host keys";
        for (int i = 0; i < keys.Count; i++)
        {
            byte[] signed = HostKeyProofRequest.Signed(connection.Info.SessionId.Span, keys[i].Blob.Span);
            if (!ProofAlgorithms(connection.Info, keys[i]).Any(algorithm => keys[i].Verify(algorithm, signed, proofs[i].Span)))
                return $"the server gave a wrong proof for the {keys[i].ShortName} host key {Fingerprint(keys[i])}";
        }

        return null;
    }

    // An RSA key signs as in the key exchange, if that was by RSA.
    private static IEnumerable<string> ProofAlgorithms(ConnectionInfo info, SshPublicKey key) =>
        info.HostKey.WithoutCertificate.KeyType == key.KeyType
            ? key.SignatureAlgorithms.Where(algorithm => info.HostKeyAlgorithm.StartsWith(algorithm, StringComparison.Ordinal))
            : key.SignatureAlgorithms;

    private string Fingerprint(SshPublicKey key) => KeyFingerprint.Text(key, FingerprintHash);

    private string Describe(HostKeyChange change)
    {
        IEnumerable<string> changes =
        [
            .. change.New.Select(key => $"new:     {key.ShortName} {Fingerprint(key)}"),
            .. change.Old.Select(key => $"removed: {key.ShortName} {Fingerprint(key)}"),
        ];
        return $"The host {host} has changed its host keys, and vouches for it with the one that you trust.\n{string.Join('\n', changes)}";
    }

    private HostKeyUpdateResult Apply(HostKeyChange change, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string[] names = address is null ? [host] : [host, address];
        // First what is new: whatever fails then, the host stays known.
        foreach (SshPublicKey key in change.New.Concat(change.Incomplete))
            KnownHostsFile.Add(files[0], names, key, Hash);
        foreach (SshPublicKey key in change.New)
            Notice($"added the {key.ShortName} key {Fingerprint(key)} of {host} to {files[0]}, as the host announced it");
        foreach (string file in change.FilesOfOld)
            KnownHostsFile.Remove(file, change.IsOld);
        foreach (SshPublicKey key in change.Old)
            Notice($"removed the {key.ShortName} key {Fingerprint(key)} of {host}, which the host no longer has");
        return new(change.New, change.Old, null);
    }
}
