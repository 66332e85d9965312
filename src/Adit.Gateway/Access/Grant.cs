using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Gateway.Access;

/// <summary>Who is in, and with what. Immutable.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Key">The key, or certificate, that was proved last; null where none was.</param>
/// <param name="Options">What the key's line and its certificate allow together.</param>
/// <param name="Methods">The methods that were completed.</param>
internal sealed record Grant(string User, SshPublicKey? Key, KeyOptions Options, string Methods)
{
    /// <summary>Type and fingerprint of the key; null where there is none.</summary>
    public string? KeyText => Key is null ? null : $"{Key.ShortName} {Key.WithoutCertificate.Fingerprint}";

    /// <summary>The certificate in words; null where there is none.</summary>
    public string? CertificateText => Key?.Certificate is { } certificate
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"ID {Adit.Relay.Printable.Text(certificate.KeyId)} (serial {certificate.Serial}) CA {certificate.SigningKey.ShortName} {certificate.SigningKey.Fingerprint}")
        : null;

    /// <summary>When the key or the certificate is valid no longer; null for never.</summary>
    public DateTimeOffset? Expiry
    {
        get
        {
            DateTimeOffset? certificate = Key?.Certificate is { } c && c.ValidBefore <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                ? DateTimeOffset.FromUnixTimeSeconds((long)c.ValidBefore)
                : null;
            return certificate is null || Options.Expiry < certificate ? Options.Expiry ?? certificate : certificate;
        }
    }
}
