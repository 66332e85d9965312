using System.Collections.Immutable;
using System.Globalization;
using Adit.OpenSsh;
using Adit.Ssh.Keys;
using Adit.Wording;

namespace Adit.Gateway.Access;

/// <summary>Who is in, and with what. Immutable.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Keys">The keys and certificates that were proved, in their order; AuthenticationMethods may ask for several.</param>
/// <param name="Options">What the lines of all keys and their certificates allow together.</param>
/// <param name="Methods">The methods that were completed.</param>
internal sealed record Grant(string User, ImmutableArray<SshPublicKey> Keys, KeyOptions Options, string Methods)
{
    /// <summary>The fingerprints of the plain keys, each once.</summary>
    public IEnumerable<string> Fingerprints => Keys.Select(static key => key.WithoutCertificate.Fingerprint).Distinct(StringComparer.Ordinal);

    /// <summary>Type and fingerprint of the keys; null where there is none.</summary>
    public string? KeyText => Joined(Keys.Select(static key => $"{key.ShortName} {key.WithoutCertificate.Fingerprint}"));

    /// <summary>The certificates in words; null where there is none.</summary>
    public string? CertificateText => Joined(Certificates.Select(static certificate => string.Create(CultureInfo.InvariantCulture,
        $"ID {Printable.Text(certificate.KeyId)} (serial {certificate.Serial}) CA {certificate.SigningKey.ShortName} {certificate.SigningKey.Fingerprint}")));

    /// <summary>When the first of the keys or certificates is valid no longer; null for never.</summary>
    public DateTimeOffset? Expiry => Certificates
        .Where(static certificate => certificate.ValidBefore <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        .Select(static certificate => (DateTimeOffset?)DateTimeOffset.FromUnixTimeSeconds((long)certificate.ValidBefore))
        .Append(Options.Expiry)
        .Min();

    private IEnumerable<SshCertificate> Certificates => Keys.Select(static key => key.Certificate).OfType<SshCertificate>();

    private static string? Joined(IEnumerable<string> texts) => string.Join(", ", texts) is { Length: > 0 } joined ? joined : null;
}
