using System.Net.Security;
using Adit.Stunnel;
using Adit.Tls;

namespace Adit.TlsTunnels;

/// <summary>
/// The cipher suites that a service's <c>ciphers</c> and <c>ciphersuites</c> stand for (OpenSSL's cipher list format), of those with
/// forward secrecy and authenticated encryption. There are no others here.
/// </summary>
internal static class CipherSuites
{
    private const string Ecdhe = "ECDH ECDHE EECDH KEECDH KECDHE";
    private const string Dhe = "DH DHE EDH KDHE KEDH";
    private const string All = "ALL HIGH DEFAULT TLSV1.2 AEAD";

    // As in OpenSSL, RSA is the exchange of keys, which none of these has, and SHA256 and SHA384 are MACs, of which they have none either.
    private static readonly (TlsCipherSuite Suite, string Name, HashSet<string> Words)[] Older =
    [
        Of(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", $"{Ecdhe} ECDSA AECDSA AES AES256 AESGCM"),
        Of(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", $"{Ecdhe} ARSA AES AES256 AESGCM"),
        Of(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", $"{Ecdhe} ECDSA AECDSA CHACHA20"),
        Of(TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", $"{Ecdhe} ARSA CHACHA20"),
        Of(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", $"{Ecdhe} ECDSA AECDSA AES AES128 AESGCM"),
        Of(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", $"{Ecdhe} ARSA AES AES128 AESGCM"),
        Of(TlsCipherSuite.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, "DHE-RSA-AES256-GCM-SHA384", $"{Dhe} ARSA AES AES256 AESGCM"),
        Of(TlsCipherSuite.TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "DHE-RSA-CHACHA20-POLY1305", $"{Dhe} ARSA CHACHA20"),
        Of(TlsCipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, "DHE-RSA-AES128-GCM-SHA256", $"{Dhe} ARSA AES AES128 AESGCM"),
    ];

    private static readonly TlsCipherSuite[] Newest =
        [TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256];

    /// <summary>What a service chooses; null where it leaves the choice to the system.</summary>
    /// <exception cref="TlsFileException">Nothing is left of its choice.</exception>
    public static CipherSuitesPolicy? Policy(StunnelService service)
    {
        if (OperatingSystem.IsWindows() || (service.Ciphers is null && service.CipherSuites.IsEmpty))
            return null;
        IEnumerable<TlsCipherSuite> newest = service.CipherSuites.IsEmpty ? Newest : service.CipherSuites.Select(static name => Enum.Parse<TlsCipherSuite>(name));
        List<TlsCipherSuite> older = Choose(service.Ciphers ?? "DEFAULT");
        return older.Count > 0
            ? new([.. newest, .. older])
            : throw new TlsFileException($"[{service.Name}]: of ciphers = {service.Ciphers} nothing is left that Adit has; it has those with forward secrecy and authenticated encryption, such as ECDHE-RSA-AES128-GCM-SHA256");
    }

    internal static List<TlsCipherSuite> Choose(string list)
    {
        List<TlsCipherSuite> chosen = [];
        HashSet<TlsCipherSuite> never = [];
        foreach (string word in list.ToUpperInvariant().Split([':', ',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            // @STRENGTH and @SECLEVEL change nothing about these.
            string name = word.Split('@')[0];
            if (name.Length == 0)
                continue;
            TlsCipherSuite[] meant = Meant(name.TrimStart('!', '-', '+'));
            switch (word[0])
            {
                case '!':
                    never.UnionWith(meant);
                    chosen.RemoveAll(meant.Contains);
                    break;
                case '-':
                    chosen.RemoveAll(meant.Contains);
                    break;
                case '+':
                    TlsCipherSuite[] last = [.. chosen.Where(meant.Contains)];
                    chosen.RemoveAll(meant.Contains);
                    chosen.AddRange(last);
                    break;
                default:
                    chosen.AddRange(meant.Where(suite => !chosen.Contains(suite) && !never.Contains(suite)));
                    break;
            }
        }

        return chosen;
    }

    private static TlsCipherSuite[] Meant(string words)
    {
        string[] all = words.Split('+');
        return [.. Older.Where(one => one.Name == words || all.All(one.Words.Contains)).Select(static one => one.Suite)];
    }

    private static (TlsCipherSuite Suite, string Name, HashSet<string> Words) Of(TlsCipherSuite suite, string name, string words) =>
        (suite, name, new HashSet<string>($"{All} {words}".Split(' '), StringComparer.Ordinal));
}
