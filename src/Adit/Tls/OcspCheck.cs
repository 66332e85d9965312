using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>
/// Asks responders whether the certificates of a chain are revoked, all but the root, whose word is taken for what it is. Safe for concurrent
/// calls.
/// </summary>
/// <param name="client">Puts the questions.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class OcspCheck(OcspClient client, TimeProvider clock)
{
    // A certificate names whom it likes.
    private const int MostNamed = 4;

    private readonly OcspCache _cache = new(clock);

    /// <summary>The responder that is asked first; null for none.</summary>
    public Uri? Responder { get; init; }

    /// <summary>Whether the responders are asked next that a certificate names itself.</summary>
    public bool AsksNamed { get; init; }

    /// <summary>Whether each answer has to be made for the very question; then none is kept.</summary>
    public bool SendsNonce { get; init; }

    /// <summary>Whether a certificate is refused of which nobody tells whether it is revoked.</summary>
    public bool IsRequired { get; init; } = true;

    /// <summary>Asks about each certificate of a chain that is accepted otherwise.</summary>
    /// <param name="verdict">What was found, with the chain.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask<TlsVerdict> AskAsync(TlsVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict.Chain.Count == 0)
            return TlsVerdict.No("nobody can be asked whether its certificate is revoked: its chain was not verified");
        List<X509Certificate2> chain = [];
        try
        {
            foreach (byte[] encoded in verdict.Chain)
                chain.Add(X509CertificateLoader.LoadCertificate(encoded));
            string? doubt = null;
            for (int i = 0; i + 1 < chain.Count; i++)
            {
                try
                {
                    if ((await AskAsync(chain[i], chain[i + 1], cancellationToken).ConfigureAwait(false)).RevokedSince is { } since)
                        return TlsVerdict.No($"the certificate of {Printable.Text(chain[i].Subject)} is revoked since {since:u}");
                }
                catch (OcspException e)
                {
                    doubt ??= $"whether the certificate of {Printable.Text(chain[i].Subject)} is revoked is not known: {e.Message}";
                }
            }

            return doubt is null ? TlsVerdict.Yes($"{verdict.Verification}, not revoked")
                : IsRequired ? TlsVerdict.No(doubt)
                : TlsVerdict.Yes($"{verdict.Verification}, REVOCATION NOT KNOWN");
        }
        finally
        {
            chain.ForEach(static certificate => certificate.Dispose());
        }
    }

    private async ValueTask<OcspAnswer> AskAsync(X509Certificate2 certificate, X509Certificate2 issuer, CancellationToken cancellationToken)
    {
        if (!SendsNonce && _cache.Find(certificate, issuer) is { } kept)
            return kept;
        string? reason = null;
        foreach (Uri responder in RespondersOf(certificate))
        {
            try
            {
                OcspQuestion question = OcspQuestion.Of(certificate, issuer, SendsNonce);
                ReadOnlyMemory<byte> encoded = await client.AskAsync(responder, question, cancellationToken).ConfigureAwait(false);
                OcspAnswer answer = OcspAnswer.Read(encoded, question, issuer, clock.GetUtcNow());
                if (!SendsNonce)
                    _cache.Keep(certificate, issuer, answer);
                return answer;
            }
            catch (OcspException e)
            {
                string why = $"{Printable.Text(responder.ToString())} {e.Message}";
                reason = reason is null ? why : $"{reason}; {why}";
            }
        }

        throw new OcspException(reason ?? "it names no responder");
    }

    private IEnumerable<Uri> RespondersOf(X509Certificate2 certificate)
    {
        IEnumerable<Uri> named = AsksNamed ? NamedBy(certificate) : [];
        return Responder is { } first ? named.Where(one => one != first).Prepend(first) : named;
    }

    private static Uri[] NamedBy(X509Certificate2 certificate)
    {
        try
        {
            return
            [
                .. certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>()
                    .SelectMany(static access => access.EnumerateOcspUris())
                    .Select(static text => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) ? uri : null)
                    .OfType<Uri>()
                    .Where(static uri => uri.Scheme == Uri.UriSchemeHttp)
                    .Take(MostNamed),
            ];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }
}
