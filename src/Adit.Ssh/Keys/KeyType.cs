using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>A type of public key by its name in the blob, with the names under which it signs.</summary>
internal sealed record KeyType(string Name, string ShortName, string[] SignatureAlgorithms)
{
    public const string CertificateSuffix = "-cert-v01@openssh.com";

    private static readonly KeyType[] Plain =
    [
        new("ssh-ed25519", "ED25519", ["ssh-ed25519"]),
        new("ecdsa-sha2-nistp256", "ECDSA", ["ecdsa-sha2-nistp256"]),
        new("ecdsa-sha2-nistp384", "ECDSA", ["ecdsa-sha2-nistp384"]),
        new("ecdsa-sha2-nistp521", "ECDSA", ["ecdsa-sha2-nistp521"]),
        new("ssh-rsa", "RSA", ["rsa-sha2-512", "rsa-sha2-256"]),
    ];

    private static readonly KeyType[] All = [.. Plain, .. Plain.Select(static type => type.ToCertificate())];

    public bool IsCertificate => Name.EndsWith(CertificateSuffix, StringComparison.Ordinal);

    /// <summary>The type of the key that a certificate certifies; the type itself for a plain key.</summary>
    public string PlainName => WithoutCertificate(Name);

    /// <exception cref="SshKeyException">The type is not served.</exception>
    public static KeyType Named(string name) => All.FirstOrDefault(type => type.Name == name)
        ?? throw new SshKeyException(SshKeyError.Unsupported, $"keys of type {PeerText.Printable(name)} are not served");

    /// <summary>The name of a key type or signature algorithm without the mark of a certificate.</summary>
    public static string WithoutCertificate(string name) =>
        name.EndsWith(CertificateSuffix, StringComparison.Ordinal) ? name[..^CertificateSuffix.Length] : name;

    private KeyType ToCertificate() =>
        new(Name + CertificateSuffix, ShortName + "-CERT", [.. SignatureAlgorithms.Select(static name => name + CertificateSuffix)]);
}
