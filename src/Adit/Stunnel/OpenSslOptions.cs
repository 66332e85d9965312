using System.Security.Authentication;
using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>The values of <c>options</c>, names of OpenSSL's library, SSL_CTX_set_options(3).</summary>
internal static class OpenSslOptions
{
    // So with every connection of Adit.
    private static readonly string[] SoAnyway =
    [
        "CLEANSE_PLAINTEXT", "NO_COMPRESSION", "NO_RENEGOTIATION", "NO_SESSION_RESUMPTION_ON_RENEGOTIATION", "NO_SSLv2", "NO_SSLv3",
        "NO_TLSv1", "NO_TLSv1_1", "SINGLE_DH_USE", "SINGLE_ECDH_USE",
    ];

    // Ways around mistakes of programs long gone, about DTLS, or about speed.
    private static readonly string[] WithoutEffect =
    [
        "ALL", "CIPHER_SERVER_PREFERENCE", "COOKIE_EXCHANGE", "CRYPTOPRO_TLSEXT_BUG", "DISABLE_TLSEXT_CA_NAMES", "DONT_INSERT_EMPTY_FRAGMENTS",
        "ENABLE_KTLS", "ENABLE_MIDDLEBOX_COMPAT", "MICROSOFT_BIG_SSLV3_BUFFER", "MICROSOFT_SESS_ID_BUG", "MSIE_SSLV2_RSA_PADDING",
        "NETSCAPE_CA_DN_BUG", "NETSCAPE_CHALLENGE_BUG", "NETSCAPE_DEMO_CIPHER_CHANGE_BUG", "NETSCAPE_REUSE_CIPHER_CHANGE_BUG", "NO_DTLS_MASK",
        "NO_DTLSv1", "NO_DTLSv1_2", "NO_QUERY_MTU", "PKCS1_CHECK_1", "PKCS1_CHECK_2", "PRIORITIZE_CHACHA", "SAFARI_ECDHE_ECDSA_BUG",
        "SSLEAY_080_CLIENT_DH_BUG", "SSLREF2_REUSE_CERT_TYPE_BUG", "TLSEXT_PADDING", "TLS_BLOCK_PADDING_BUG", "TLS_D5_BUG",
    ];

    private static readonly string[] Weakening =
    [
        "ALLOW_CLIENT_RENEGOTIATION", "ALLOW_NO_DHE_KEX", "ALLOW_UNSAFE_LEGACY_RENEGOTIATION", "CISCO_ANYCONNECT", "EPHEMERAL_RSA",
        "IGNORE_UNEXPECTED_EOF", "LEGACY_SERVER_CONNECT", "NO_ANTI_REPLAY", "NO_ENCRYPT_THEN_MAC", "NO_EXTENDED_MASTER_SECRET", "NO_SSL_MASK",
        "TLS_ROLLBACK_BUG",
    ];

    private static readonly string[] Served = ["NO_TICKET", "NO_TLSv1_2", "NO_TLSv1_3"];

    /// <summary>Why a value has no effect; empty where it has its effect.</summary>
    /// <exception cref="StunnelException">There is no such value, or it would weaken TLS.</exception>
    internal static string Judge(OptionLine line)
    {
        bool takesAway = line.Value.StartsWith('-');
        string name = takesAway ? line.Value[1..] : line.Value;
        if (Has(Weakening, name))
            return takesAway ? "" : throw line.Refused("it weakens TLS; take the line out");
        if (Has(SoAnyway, name))
            return takesAway ? throw line.Refused("what it would allow is never allowed; take the line out") : "";
        if (Has(Served, name))
            return "";
        if (Has(WithoutEffect, name))
            return $"{name} has no effect here";
        throw line.Wrong(
            "there is no such option of TLS"
            + (Spelling.Nearest(name, [.. SoAnyway, .. WithoutEffect, .. Weakening, .. Served]) is { } near ? $"; the nearest known one is {near}" : ""));
    }

    /// <summary>Takes over what a value says of a service.</summary>
    internal static StunnelService Take(StunnelService service, OptionLine line) => line.Value.ToUpperInvariant() switch
    {
        // Stricter than a session that the server remembers, which needs no other handshake.
        "NO_TICKET" => service with { SessionResume = false },
        "NO_TLSV1_2" => service with { ExcludedVersions = service.ExcludedVersions | SslProtocols.Tls12 },
        "NO_TLSV1_3" => service with { ExcludedVersions = service.ExcludedVersions | SslProtocols.Tls13 },
        "-NO_TLSV1_2" => service with { ExcludedVersions = service.ExcludedVersions & SslProtocols.Tls13 },
        "-NO_TLSV1_3" => service with { ExcludedVersions = service.ExcludedVersions & SslProtocols.Tls12 },
        _ => service,
    };

    private static bool Has(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);
}
