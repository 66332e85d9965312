using System.Net;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Ssh;
using Adit.Ssh.Keys;

namespace Adit.Gateway.Access;

/// <summary>A key that lets in, and what it allows.</summary>
internal sealed record AcceptedKey(SshPublicKey Key, KeyOptions Options);

/// <summary>
/// Judges the keys and certificates of one user: RevokedKeys, TrustedUserCAKeys with AuthorizedPrincipalsFile, AuthorizedKeysFile. The
/// files are read for each key anew, so that a change counts at once.
/// </summary>
internal sealed class KeyAccess(GatewaySettings settings, string user, SystemAccount account, IPAddress address, TimeProvider time, Action<string> warn)
{
    /// <summary>The key as it is accepted, or why it is not.</summary>
    public (AcceptedKey? Accepted, string? Refusal) Judge(SshPublicKey key)
    {
        if (key is { ShortName: "RSA" or "RSA-CERT" } && key.Bits < settings.RequiredRsaSize)
            return (null, $"the key has {key.Bits} bits, RequiredRSASize is {settings.RequiredRsaSize}");
        if (Revoked(settings, key) is { } revoked)
            return (null, $"the key is {revoked}");
        if (key.Certificate is { } certificate && !settings.CaSignatureAlgorithms.Contains(certificate.SignatureAlgorithm))
            return (null, $"the certificate is signed by {certificate.SignatureAlgorithm}, which CASignatureAlgorithms does not list");

        string? refusal = null;
        if (key.Certificate is not null && settings.TrustedUserCaKeys is { } trusted)
        {
            (AcceptedKey? accepted, refusal) = JudgeByTrustedCa(key, trusted);
            if (accepted is not null)
                return (accepted, null);
        }

        (AcceptedKey? authorized, string? why) = JudgeByAuthorizedKeys(key);
        return authorized is not null ? (authorized, null) : (null, why ?? refusal ?? "no authorized_keys line holds the key");
    }

    /// <summary>Why a key is revoked (RevokedKeys); null when it is not. A list that cannot be read revokes all, as with sshd.</summary>
    public static string? Revoked(GatewaySettings settings, SshPublicKey key)
    {
        if (settings.RevokedKeys is not { } path)
            return null;
        try
        {
            return RevokedKeys.Parse(UserFile.Read(path, RevokedKeys.MaxFileLength) ?? throw new IOException($"there is no {path}"), path).Refuses(key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SshException)
        {
            return $"refused, because RevokedKeys cannot be read: {e.Message}";
        }
    }

    private (AcceptedKey? Accepted, string? Refusal) JudgeByTrustedCa(SshPublicKey key, string trusted)
    {
        SshCertificate certificate = key.Certificate!;
        if (AuthorizedKeys.Load(trusted, warn) is not { } authorities)
            return (null, $"TrustedUserCAKeys {trusted} cannot be read");
        if (authorities.Lines.FirstOrDefault(line => line.Key.Equals(certificate.SigningKey)) is not { } authority)
            return (null, "the certificate is signed by a key that is not trusted");

        // Options of the authority's line are no custom here, but whoever wrote them meant them.
        AuthorizedKey line = authority with { Options = authority.Options with { CertAuthority = true } };
        if (settings.AuthorizedPrincipalsFile is not { } file)
        {
            return Judged(key, line.Refusal(certificate, user, address, time.GetUtcNow()), () => line.Granted(certificate));
        }

        string path = Expand(file);
        if (Refused(path) is { } refusal)
            return (null, refusal);
        return PrincipalsFile.Load(path, warn)?.Find(certificate) is { } found
            ? Judged(key, found.Refusal(certificate, address, time.GetUtcNow()), () => found.Granted(certificate))
            : (null, $"none of the certificate's principals is in {path}");
    }

    private (AcceptedKey? Accepted, string? Refusal) JudgeByAuthorizedKeys(SshPublicKey key)
    {
        string? refusal = null;
        foreach (string path in settings.AuthorizedKeysFiles.Select(Expand))
        {
            if (Refused(path) is { } unsafeFile)
            {
                refusal = unsafeFile;
                continue;
            }

            foreach (AuthorizedKey line in AuthorizedKeys.Load(path, warn)?.For(key) ?? [])
            {
                (AcceptedKey? accepted, string? why) = Judged(
                    key, line.Refusal(key.Certificate, user, address, time.GetUtcNow()), () => line.Granted(key.Certificate));
                if (accepted is not null)
                    return (accepted, null);
                refusal = $"{line.Place}: {why}";
            }
        }

        return (null, refusal);
    }

    private static (AcceptedKey? Accepted, string? Refusal) Judged(SshPublicKey key, string? refusal, Func<KeyOptions> granted) =>
        refusal is null ? (new(key, granted()), null) : (null, refusal);

    private string? Refused(string path) =>
        settings.StrictModes && File.Exists(path) && StrictModes.Refusal(path, account.Home) is { } refusal ? $"{refusal} (StrictModes)" : null;

    // sshd_config(5), TOKENS. A relative path begins at the user's home.
    private string Expand(string path)
    {
        var expanded = new System.Text.StringBuilder();
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] != '%' || i + 1 == path.Length)
            {
                expanded.Append(path[i]);
                continue;
            }

            expanded.Append(path[++i] switch { '%' => "%", 'h' => account.Home ?? "/nonexistent", 'u' => user, 'U' => account.Uid ?? "-", var other => "%" + other });
        }

        return Path.IsPathRooted(expanded.ToString()) ? expanded.ToString() : Path.Join(account.Home ?? "/nonexistent", expanded.ToString());
    }
}
