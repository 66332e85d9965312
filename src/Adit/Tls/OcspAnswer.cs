using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>What a responder says of a certificate (RFC 6960 section 4.2), verified. Immutable plain data.</summary>
/// <param name="RevokedSince">Since when it is revoked; null where it is not.</param>
/// <param name="Until">Until when that holds; null where the responder does not say.</param>
internal sealed record OcspAnswer(DateTimeOffset? RevokedSince, DateTimeOffset? Until)
{
    private const string BasicResponse = "1.3.6.1.5.5.7.48.1.1";
    private const string OcspSigning = "1.3.6.1.5.5.7.3.9";
    private const int MostCertificates = 8;
    private const int MostAnswers = 64;

    // How far clocks may differ.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    // An answer without an end of its own says that newer ones can be had at any time.
    private static readonly TimeSpan MostAge = TimeSpan.FromDays(1);

    private static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Tag1 = new(TagClass.ContextSpecific, 1, isConstructed: true);
    private static readonly Asn1Tag Tag2 = new(TagClass.ContextSpecific, 2, isConstructed: true);

    /// <summary>Reads an OCSPResponse in DER.</summary>
    /// <param name="encoded">It.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="issuer">Who has signed the certificate that was asked about.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="OcspException">It does not tell, or cannot be trusted.</exception>
    public static OcspAnswer Read(ReadOnlyMemory<byte> encoded, OcspQuestion question, X509Certificate2 issuer, DateTimeOffset now)
    {
        try
        {
            var whole = new AsnReader(encoded, AsnEncodingRules.DER);
            AsnReader response = whole.ReadSequence();
            whole.ThrowIfNotEmpty();
            ReadOnlySpan<byte> status = response.ReadEnumeratedBytes().Span;
            if (!status.SequenceEqual<byte>([0]))
                throw new OcspException($"gave no answer: {Failure(status)}");
            AsnReader bytes = response.ReadSequence(Tag0).ReadSequence();
            if (bytes.ReadObjectIdentifier() is not BasicResponse)
                throw new OcspException("answered in a way that is not understood");
            return ReadBasic(bytes.ReadOctetString(), question, issuer, now);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            throw new OcspException($"answered what cannot be read: {e.Message}", e);
        }
    }

    private static string Failure(ReadOnlySpan<byte> status) => status switch
    {
        [1] => "it could not read the question",
        [2] => "it has a fault of its own",
        [3] => "it asks to try again later",
        [5] => "it wants signed questions",
        [6] => "it is not told about this authority, or does not answer this machine",
        _ => $"status {Convert.ToHexStringLower(status)}",
    };

    private static OcspAnswer ReadBasic(byte[] encoded, OcspQuestion question, X509Certificate2 issuer, DateTimeOffset now)
    {
        AsnReader basic = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> signedPart = basic.PeekEncodedValue();
        AsnReader signed = basic.ReadSequence();
        string algorithm = basic.ReadSequence().ReadObjectIdentifier();
        byte[] signature = basic.ReadBitString(out int unused);
        if (signed.PeekTag() == Tag0)
            signed.ReadSequence(Tag0);
        Func<X509Certificate2, bool> isResponder = ReadResponder(signed);
        using X509Certificate2 signer = FindSigner(basic, issuer, isResponder, now);
        if (unused != 0 || !CertificateSignature.IsBy(signer, algorithm, signedPart.Span, signature))
            throw new OcspException("answered with a wrong signature");
        // From here on it is the responder who speaks.
        signed.ReadGeneralizedTime();
        OcspAnswer? answer = ReadAnswers(signed.ReadSequence(), question, now);
        byte[]? nonce = signed.HasData ? ReadExtensions(signed.ReadSequence(Tag1).ReadSequence()) : null;
        if (question.Nonce is { } expected && (nonce is null || !nonce.AsSpan().SequenceEqual(expected.Span)))
            throw new OcspException(nonce is null ? "did not repeat the nonce, so that its answer may be an old one (see OCSPnonce)" : "answered to another question: the nonce is not the one sent");
        return answer ?? throw new OcspException("did not say anything of this certificate");
    }

    private static Func<X509Certificate2, bool> ReadResponder(AsnReader signed)
    {
        if (signed.PeekTag() == Tag1)
        {
            byte[] name = signed.ReadSequence(Tag1).ReadEncodedValue().ToArray();
            return certificate => certificate.SubjectName.RawData.AsSpan().SequenceEqual(name);
        }

        byte[] key = signed.ReadSequence(Tag2).ReadOctetString();
        return certificate => OcspQuestion.Identify(certificate.PublicKey.EncodedKeyValue.RawData).AsSpan().SequenceEqual(key);
    }

    // The issuer itself, or whom it has made its responder (section 4.2.2.2).
    private static X509Certificate2 FindSigner(AsnReader basic, X509Certificate2 issuer, Func<X509Certificate2, bool> isResponder, DateTimeOffset now)
    {
        string? wrong = null;
        if (basic.HasData)
        {
            AsnReader certificates = basic.ReadSequence(Tag0).ReadSequence();
            for (int count = 0; certificates.HasData && !isResponder(issuer); count++)
            {
                if (count == MostCertificates)
                    throw new OcspException($"sent more than {MostCertificates} certificates");
                X509Certificate2 one = X509CertificateLoader.LoadCertificate(certificates.ReadEncodedValue().Span);
                if (isResponder(one) && (wrong = WrongResponder(one, issuer, now)) is null)
                    return one;
                one.Dispose();
            }
        }

        return isResponder(issuer) ? X509CertificateLoader.LoadCertificate(issuer.RawData)
            : throw new OcspException(wrong ?? $"answered without the certificate of who signed, which is not {Printable.Text(issuer.Subject)} itself");
    }

    private static string? WrongResponder(X509Certificate2 responder, X509Certificate2 issuer, DateTimeOffset now)
    {
        string who = $"signed as {Printable.Text(responder.Subject)}, which";
        AsnReader certificate = new AsnReader(responder.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> signedPart = certificate.ReadEncodedValue();
        string algorithm = certificate.ReadSequence().ReadObjectIdentifier();
        byte[] signature = certificate.ReadBitString(out _);
        if (!responder.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData) || !CertificateSignature.IsBy(issuer, algorithm, signedPart.Span, signature))
            return $"{who} has its certificate from another authority than the one that is asked about";
        if (now < CertificateReading.Begins(responder) || now > CertificateReading.Ends(responder))
            return $"{who} has a certificate that holds from {CertificateReading.Begins(responder):u} until {CertificateReading.Ends(responder):u}";
        bool mayAnswer = responder.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(static uses => uses.EnhancedKeyUsages.Cast<Oid>().Any(static use => use.Value is OcspSigning));
        bool maySign = responder.Extensions.OfType<X509KeyUsageExtension>().All(static usage => (usage.KeyUsages & (X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation)) != X509KeyUsageFlags.None);
        return mayAnswer && maySign ? null : $"{who} its authority has not made a responder (OCSPSigning)";
    }

    private static OcspAnswer? ReadAnswers(AsnReader answers, OcspQuestion question, DateTimeOffset now)
    {
        for (int count = 0; answers.HasData; count++)
        {
            if (count == MostAnswers)
                throw new OcspException($"answered for more than {MostAnswers} certificates");
            AsnReader one = answers.ReadSequence();
            if (question.IsAbout(one.ReadSequence()))
                return ReadAnswer(one, now);
        }

        return null;
    }

    private static OcspAnswer ReadAnswer(AsnReader answer, DateTimeOffset now)
    {
        Asn1Tag status = answer.PeekTag();
        DateTimeOffset? revokedSince = null;
        if (status.HasSameClassAndValue(Tag1))
            revokedSince = answer.ReadSequence(Tag1).ReadGeneralizedTime();
        else if (status.HasSameClassAndValue(Tag0))
            answer.ReadNull(new Asn1Tag(TagClass.ContextSpecific, 0));
        else
            throw new OcspException("does not know this certificate");
        DateTimeOffset thisUpdate = answer.ReadGeneralizedTime();
        DateTimeOffset? nextUpdate = answer.HasData && answer.PeekTag() == Tag0 ? answer.ReadSequence(Tag0).ReadGeneralizedTime() : null;
        if (answer.HasData)
            ReadExtensions(answer.ReadSequence(Tag1).ReadSequence());
        if (thisUpdate > now + Leeway)
            throw new OcspException($"answered for a time to come, from {thisUpdate:u} on");
        if (nextUpdate < now - Leeway)
            throw new OcspException($"gave an answer that is out of date since {nextUpdate:u}");
        if (nextUpdate is null && thisUpdate < now - MostAge)
            throw new OcspException($"gave an answer of {thisUpdate:u}, which is too old for one that does not say how long it holds");
        return new(revokedSince, nextUpdate);
    }

    // The nonce, if there is one.
    private static byte[]? ReadExtensions(AsnReader extensions)
    {
        byte[]? nonce = null;
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string name = extension.ReadObjectIdentifier();
            bool isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            byte[] value = extension.ReadOctetString();
            if (name is OcspQuestion.NonceExtension)
                nonce = new AsnReader(value, AsnEncodingRules.DER).ReadOctetString();
            else if (isCritical)
                throw new OcspException($"answered with the extension {name}, which is not understood");
        }

        return nonce;
    }
}
