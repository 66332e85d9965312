using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;

namespace Adit.Tls;

/// <summary>A certificate that a peer has shown, with those that came with it, for as long as its connection lasts. Safe from any thread.</summary>
internal sealed class ShownCertificate
{
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _others = [];

    /// <summary>Copies what belongs to a handshake.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="chain">Its chain; null where there is none.</param>
    public ShownCertificate(X509Certificate2 certificate, X509Chain? chain)
    {
        _certificate = X509CertificateLoader.LoadCertificate(certificate.RawData);
        foreach (X509Certificate2 other in chain?.ChainPolicy.ExtraStore ?? [])
            _others.Add(X509CertificateLoader.LoadCertificate(other.RawData));
        Subject = _certificate.Subject;
        Issuer = _certificate.Issuer;
        Fingerprint = CertificateReading.Fingerprint(_certificate);
        KeyFingerprint = CertificateReading.KeyPin(_certificate);
        Expiry = CertificateReading.Ends(_certificate);
    }

    /// <summary>Its subject, as the peer has it.</summary>
    public string Subject { get; }

    /// <summary>Its issuer's, likewise.</summary>
    public string Issuer { get; }

    /// <summary>Its fingerprint.</summary>
    public string Fingerprint { get; }

    /// <summary>That of its public key.</summary>
    public string KeyFingerprint { get; }

    /// <summary>Until when it is valid.</summary>
    public DateTimeOffset Expiry { get; }

    /// <summary>Judges a client's certificate again, by what is trusted now.</summary>
    public TlsVerdict JudgeBy(TlsTrust trust)
    {
        try
        {
            using var chain = new X509Chain { ChainPolicy = trust.ChainPolicy(ofServers: false) };
            chain.ChainPolicy.ExtraStore.AddRange(_others);
            chain.Build(_certificate);
            return trust.Judge(_certificate, chain, target: null);
        }
        catch (CryptographicException e)
        {
            return TlsVerdict.No($"its certificate cannot be judged: {e.Message}");
        }
    }
}
