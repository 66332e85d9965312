using System.Net;
using Adit.Relay;
using Adit.Ssh.Keys;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>A line of an authorized_keys file.</summary>
/// <param name="Options">What the key may be used for.</param>
/// <param name="Key">The key; a plain one.</param>
/// <param name="Comment">What is behind the key. It is the user's text: show no control characters of it.</param>
/// <param name="Place">File and line, for messages.</param>
internal sealed record AuthorizedKey(KeyOptions Options, SshPublicKey Key, string Comment, string Place)
{
    /// <summary>Why the line does not let a user in, or null when it does. That the peer has the key is the caller's to check.</summary>
    /// <param name="certificate">The certificate that was presented, or null where a plain key was.</param>
    /// <param name="user">The user's name.</param>
    /// <param name="source">Where the connection comes from.</param>
    /// <param name="now">The time.</param>
    public string? Refusal(SshCertificate? certificate, string user, IPAddress source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(source);
        if (Options.CertAuthority != certificate is not null)
            return Options.CertAuthority ? "it is for certificates that the key has signed, not for the key itself" : "it is for the key itself, not for certificates";
        if (certificate is null)
            return Options.Refusal(source, now);
        if (!certificate.SigningKey.Equals(Key))
            return "the certificate is signed by another key";
        string principal = user;
        if (!Options.Principals.IsEmpty)
        {
            string? named = Options.Principals.FirstOrDefault(name => certificate.Principals.Contains(name));
            if (named is null)
                return $"the certificate is for none of the principals {Printable.Text(string.Join(", ", Options.Principals))}";
            principal = named;
        }

        return RefusalOf(certificate, principal, Options, source, now);
    }

    /// <summary>What somebody whom the line lets in may do.</summary>
    /// <param name="certificate">As for <see cref="Refusal"/>.</param>
    /// <exception cref="FormatException">The line refuses the certificate.</exception>
    public KeyOptions Granted(SshCertificate? certificate) =>
        certificate is null ? Options : KeyOptions.Merge(Options, KeyOptions.FromCertificate(certificate));

    /// <summary>Why a certificate does not let its principal in, or null when it does.</summary>
    internal static string? RefusalOf(SshCertificate certificate, string principal, KeyOptions options, IPAddress source, DateTimeOffset now)
    {
        if (certificate.Refusal(CertificateKind.User, principal, now) is { } refusal)
            return $"the certificate cannot be used: {refusal}";
        try
        {
            return KeyOptions.Merge(options, KeyOptions.FromCertificate(certificate)).Refusal(source, now);
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
