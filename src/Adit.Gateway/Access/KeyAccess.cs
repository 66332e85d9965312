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
    private const int MaxFileLength = 1024 * 1024;
    private const int MaxRevocationListLength = 64 * 1024 * 1024;

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
            return RevokedKeys.Parse(ReadAll(path, MaxRevocationListLength), path).Refuses(key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SshException)
        {
            return $"refused, because RevokedKeys cannot be read: {e.Message}";
        }
    }

    private (AcceptedKey? Accepted, string? Refusal) JudgeByTrustedCa(SshPublicKey key, string trusted)
    {
        SshCertificate certificate = key.Certificate!;
        if (Read(trusted) is not { } text)
            return (null, $"TrustedUserCAKeys {trusted} cannot be read");
        if (!AuthorizedKeys.Parse(text, trusted, warn).Holds(certificate.SigningKey))
            return (null, "the certificate is signed by a key that is not trusted");
        KeyOptions options = KeyOptions.None;
        if (settings.AuthorizedPrincipalsFile is { } file)
        {
            string path = Expand(file);
            if (Safe(path) is not { } principals)
                return (null, $"AuthorizedPrincipalsFile {path} cannot be used");
            if (PrincipalsFile.Parse(principals, path, warn).Find(certificate.Principals) is not { } found)
                return (null, $"none of the certificate's principals is in {path}");
            options = found.Options;
            if (certificate.Refusal(CertificateKind.User, found.Principal, time.GetUtcNow()) is { } invalid)
                return (null, $"the certificate is refused: {invalid}");
        }
        else if (certificate.Refusal(CertificateKind.User, user, time.GetUtcNow()) is { } refusal)
        {
            return (null, $"the certificate is refused: {refusal}");
        }

        return Merged(key, options);
    }

    private (AcceptedKey? Accepted, string? Refusal) JudgeByAuthorizedKeys(SshPublicKey key)
    {
        string? refusal = null;
        foreach (string path in settings.AuthorizedKeysFiles.Select(Expand))
        {
            if (Safe(path) is not { } text)
                continue;
            foreach (AuthorizedKey line in AuthorizedKeys.Parse(text, path, warn).For(key))
            {
                if (line.Refusal(key, user, address, time.GetUtcNow()) is { } why)
                {
                    refusal = $"{line.Place}: {why}";
                    continue;
                }

                (AcceptedKey? accepted, string? notMerged) = Merged(key, line.Options);
                if (accepted is not null)
                    return (accepted, null);
                refusal = $"{line.Place}: {notMerged}";
            }
        }

        return (null, refusal);
    }

    private (AcceptedKey? Accepted, string? Refusal) Merged(SshPublicKey key, KeyOptions line)
    {
        try
        {
            KeyOptions options = key.Certificate is { } certificate ? KeyOptions.Merge(line, KeyOptions.FromCertificate(certificate)) : line;
            return options.Refusal(address, time.GetUtcNow()) is { } refusal ? (null, refusal) : (new(key, options), null);
        }
        catch (FormatException e)
        {
            return (null, e.Message);
        }
    }

    private byte[]? Safe(string path)
    {
        if (settings.StrictModes && File.Exists(path) && StrictModes.Refusal(path, account.Home) is { } unsafeFile)
        {
            warn($"{unsafeFile} (StrictModes)");
            return null;
        }

        return Read(path);
    }

    private byte[]? Read(string path)
    {
        try
        {
            return File.Exists(path) ? ReadAll(path, MaxFileLength) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{path} cannot be read: {e.Message}");
            return null;
        }
    }

    private static byte[] ReadAll(string path, int limit) => new FileInfo(path).Length <= limit
        ? File.ReadAllBytes(path)
        : throw new IOException($"{path} is over the limit of {limit} bytes");

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
