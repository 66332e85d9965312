using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>What the certificate of the other end is held to. Immutable; safe from any thread.</summary>
internal sealed record TlsTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>By the system's authorities and for the name that is dialled.</summary>
    public static TlsTrust System { get; } = new() { VerifiesChain = true, VerifiesTarget = true };

    /// <summary>By nothing: whoever answers is taken for who was meant.</summary>
    public static TlsTrust Nothing { get; } = new();

    /// <summary>Whether it has to be from an authority.</summary>
    public bool VerifiesChain { get; init; }

    /// <summary>The authorities; null for the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Where they come from, in words.</summary>
    public string Source { get; init; } = "the system's authorities";

    /// <summary>Whether it has to be one of <see cref="Peers"/>.</summary>
    public bool VerifiesPeer { get; init; }

    /// <summary>The very certificates that are accepted.</summary>
    public X509Certificate2Collection Peers { get; init; } = [];

    /// <summary>The SHA-256 fingerprints, in lower-case hexadecimal, of which it has to have one, of itself or of its public key; empty for any.</summary>
    public IReadOnlyList<string> Fingerprints { get; init; } = [];

    /// <summary>Whether it has to be for the name that is dialled.</summary>
    public bool VerifiesTarget { get; init; }

    /// <summary>The names, addresses and mail addresses of which it has to be for one; empty for any.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>What the authorities have taken back.</summary>
    public IReadOnlyList<RevocationList> Revocations { get; init; } = [];

    /// <summary>
    /// Says who the certificate stands for, given whether its chain is accepted, and null for nobody, who is refused. Whom it names although the
    /// chain is not accepted is known by the very key, whatever an authority says of it. Null where that is not asked.
    /// </summary>
    public Func<X509Certificate2, bool, string?>? Identify { get; init; }

    /// <summary>Asks responders whether it is revoked, once TLS is agreed; null for nobody.</summary>
    public OcspCheck? Ocsp { get; init; }

    /// <summary>Whether anything is asked of the certificate at all.</summary>
    public bool VerifiesAnything => VerifiesChain || VerifiesPeer || Fingerprints.Count > 0 || Identify is not null;

    /// <summary>Judges a certificate.</summary>
    /// <param name="certificate">The certificate; null where none was shown.</param>
    /// <param name="chain">Its chain, built by <see cref="ChainPolicy"/>.</param>
    /// <param name="target">The name that was dialled; null for a client's certificate.</param>
    public TlsVerdict Judge(X509Certificate2? certificate, X509Chain? chain, string? target)
    {
        if (certificate is null || chain is null)
            return TlsVerdict.No("it showed no certificate");
        if (!VerifiesAnything)
            return TlsVerdict.Unverified;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (now > CertificateReading.Ends(certificate))
            return TlsVerdict.No($"its certificate expired on {CertificateReading.Ends(certificate):yyyy-MM-dd}");
        if (now < CertificateReading.Begins(certificate))
            return TlsVerdict.No($"its certificate is valid from {CertificateReading.Begins(certificate):yyyy-MM-dd} on");
        string? wrong = VerifiesChain ? WrongChain(certificate, chain) : null;
        string? user = Identify?.Invoke(certificate, wrong is null);
        if (wrong is not null && user is null)
            return TlsVerdict.No(wrong);
        if (Identify is not null && user is null)
            return TlsVerdict.No($"nobody is known by its certificate: {SubjectNames.InWords(certificate)}");
        if (VerifiesPeer && !Peers.Any(peer => peer.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)))
            return TlsVerdict.No($"its certificate ({CertificateReading.Fingerprint(certificate)}) is none of those in {Source}");
        if (Fingerprints.Count > 0 && !Fingerprints.Contains(CertificateReading.Fingerprint(certificate)["sha256:".Length..]) && !Fingerprints.Contains(CertificateReading.KeyPin(certificate)["sha256:".Length..]))
            return TlsVerdict.No($"its certificate is {CertificateReading.Fingerprint(certificate)} (public key {CertificateReading.KeyPin(certificate)}), which is not the one expected");
        IReadOnlyList<string> names = VerifiesTarget && target is not null ? [target] : Names;
        if (names.Count > 0 && !names.Any(name => IsFor(certificate, name)))
            return TlsVerdict.No($"its certificate is not for {string.Join(" or ", names)}, but for {NamesOf(certificate)}");
        string verification = wrong is null
            ? (this with { VerifiesTarget = false, Names = [.. names.Where(name => IsFor(certificate, name)).Take(1)] }).Intention(null)!
            : $"the very key {CertificateReading.KeyPin(certificate)}";
        TlsVerdict accepted = TlsVerdict.Yes(verification) with { User = user };
        // Copied, since the chain does not outlive the handshake.
        return Ocsp is null || wrong is not null || !VerifiesChain ? accepted : accepted with { Chain = [.. chain.ChainElements.Select(static element => element.Certificate.RawData)] };
    }

    /// <summary>Asks about an accepted certificate what cannot be asked during the handshake, since others have to be asked for it.</summary>
    /// <param name="verdict">What <see cref="Judge"/> found.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What is found now.</returns>
    public ValueTask<TlsVerdict> AskAsync(TlsVerdict verdict, CancellationToken cancellationToken) =>
        Ocsp is null || verdict.Refusal is not null ? new(verdict) : Ocsp.AskAsync(verdict, cancellationToken);

    /// <summary>What will have been verified of who is accepted, in words; null for nothing.</summary>
    /// <param name="target">The name that is dialled; null for none.</param>
    public string? Intention(string? target)
    {
        if (!VerifiesAnything)
            return null;
        bool isPinned = VerifiesPeer || Fingerprints.Count > 0;
        string what = isPinned ? "the very certificate" : $"certificate from {Source}";
        IReadOnlyList<string> names = VerifiesTarget && target is not null ? [target] : Names;
        return names.Count > 0 ? $"{what}, for {string.Join(" or ", names)}"
            : isPinned ? what
            : $"{what}, whatever its name";
    }

    /// <summary>How chains are built for <see cref="Judge"/>.</summary>
    /// <param name="ofServers">Whether the certificates are servers'; else clients'.</param>
    public X509ChainPolicy ChainPolicy(bool ofServers)
    {
        // Nothing is downloaded: a peer must not send this process anywhere.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ofServers ? ServerAuthentication : ClientAuthentication));
        if (Authorities is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(Authorities);
        return policy;
    }

    private string? WrongChain(X509Certificate2 certificate, X509Chain chain)
    {
        if (chain.ChainElements.Count == 0)
            return "its certificate has no chain";
        X509ChainStatus[] wrong = [.. chain.ChainStatus.Where(static status => status.Status is not X509ChainStatusFlags.NoError)];
        if (wrong.Length > 0)
        {
            bool isUnknown = wrong.Any(static status => status.Status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot);
            return isUnknown
                ? $"its certificate, from {Printable.Text(certificate.Issuer)}, is not from {Source}"
                : $"its certificate cannot be accepted: {Printable.Text(string.Join("; ", wrong.Select(static status => status.StatusInformation.Trim()).Distinct()))}";
        }

        return Revocations.Count == 0 ? null : RevocationList.Refuse(chain, Revocations);
    }

    private static bool IsFor(X509Certificate2 certificate, string name) => name.Contains('@', StringComparison.Ordinal)
        ? SubjectNames.MailsOf(certificate).Contains(name, StringComparer.OrdinalIgnoreCase)
        : certificate.MatchesHostname(name.Trim('[', ']'), allowWildcards: true, allowCommonName: true);

    private static string NamesOf(X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        string[] all = names is null ? [] : [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(static address => address.ToString())];
        return all.Length > 0 ? Printable.Text(string.Join(", ", all)) : $"no host at all ({Printable.Text(certificate.Subject)})";
    }
}
