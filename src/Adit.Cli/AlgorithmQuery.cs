using Adit.OpenSsh;
using Adit.Ssh.Kex;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>What -Q prints: what this engine serves, the most preferred first.</summary>
internal static class AlgorithmQuery
{
    /// <summary>The words of ssh(1) -Q.</summary>
    internal static readonly string[] Words =
        ["cipher", "cipher-auth", "compression", "kex", "key", "key-ca-sign", "key-cert", "key-plain", "key-sig", "mac", "protocol-version", "sig"];

    private const string CertificateMark = "-cert-v01@openssh.com";

    /// <summary>One name a line.</summary>
    /// <param name="word">A word of ssh(1) -Q, or the keyword that has such a list.</param>
    /// <exception cref="UsageException">There is no such list.</exception>
    internal static IEnumerable<string> Lines(string word) => Find(word) ?? throw new UsageException(
        $"there is no list \"{word}\"; write one of {string.Join(", ", Words)}"
        + (Spelling.Nearest(word, Words) is { } near ? $"; the nearest is {near}" : ""));

    /// <summary>The list of a word or keyword; null where there is none.</summary>
    internal static IEnumerable<string>? Find(string word)
    {
        AlgorithmPreferences all = AlgorithmPreferences.Default;
        return word.ToUpperInvariant() switch
        {
            "CIPHER" or "CIPHERS" => all.Ciphers,
            "CIPHER-AUTH" => all.Ciphers.Where(name => name.Contains("gcm", StringComparison.Ordinal) || name.Contains("poly1305", StringComparison.Ordinal)),
            "COMPRESSION" => ["none"],
            "KEX" or "KEXALGORITHMS" => all.Kex,
            "KEY" => all.HostKeys.Select(KeyType).Distinct(StringComparer.Ordinal),
            "KEY-CERT" => all.HostKeys.Where(IsCertificate).Select(KeyType).Distinct(StringComparer.Ordinal),
            "KEY-PLAIN" => all.HostKeys.Where(name => !IsCertificate(name)).Select(KeyType).Distinct(StringComparer.Ordinal),
            "KEY-CA-SIGN" or "CASIGNATUREALGORITHMS" or "SIG" => all.HostKeys.Where(name => !IsCertificate(name)),
            "KEY-SIG" or "HOSTKEYALGORITHMS" or "PUBKEYACCEPTEDALGORITHMS" or "PUBKEYACCEPTEDKEYTYPES" => all.HostKeys,
            "MAC" or "MACS" => all.Macs,
            "PROTOCOL-VERSION" => ["2"],
            "HELP" => Words,
            _ => null,
        };
    }

    private static bool IsCertificate(string algorithm) => algorithm.EndsWith(CertificateMark, StringComparison.Ordinal);

    /// <summary>The type of the keys that sign with an algorithm: RSA has several (RFC 8332).</summary>
    private static string KeyType(string algorithm) => algorithm switch
    {
        "rsa-sha2-256" or "rsa-sha2-512" => "ssh-rsa",
        "rsa-sha2-256" + CertificateMark or "rsa-sha2-512" + CertificateMark => "ssh-rsa" + CertificateMark,
        _ => algorithm,
    };
}
