using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tls;

/// <summary>Asks a responder whether one certificate is revoked (RFC 6960 section 4.1). Immutable.</summary>
internal sealed class OcspQuestion
{
    internal const string NonceExtension = "1.3.6.1.5.5.7.48.1.2";
    internal const string Sha1Algorithm = "1.3.14.3.2.26";

    // RFC 9654 section 2.1
    private const int NonceBytes = 32;

    private readonly byte[] _issuerName;
    private readonly byte[] _issuerKey;
    private readonly byte[] _serial;

    private OcspQuestion(X509Certificate2 certificate, X509Certificate2 issuer, byte[]? nonce)
    {
        _issuerName = Identify(issuer.SubjectName.RawData);
        _issuerKey = Identify(issuer.PublicKey.EncodedKeyValue.RawData);
        _serial = certificate.SerialNumberBytes.ToArray();
        Nonce = nonce;
        Encoded = Encode();
    }

    /// <summary>What the answer has to repeat; null for nothing.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; }

    /// <summary>The OCSPRequest in DER.</summary>
    public byte[] Encoded { get; }

    /// <summary>Makes one.</summary>
    /// <param name="certificate">Which is asked about.</param>
    /// <param name="issuer">Who has signed it.</param>
    /// <param name="withNonce">Whether the answer has to be made for this very question.</param>
    public static OcspQuestion Of(X509Certificate2 certificate, X509Certificate2 issuer, bool withNonce) =>
        new(certificate, issuer, withNonce ? RandomNumberGenerator.GetBytes(NonceBytes) : null);

    /// <summary>Reads a CertID, and says whether it names the certificate that is asked about.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    public bool IsAbout(AsnReader identifier)
    {
        string algorithm = identifier.ReadSequence().ReadObjectIdentifier();
        byte[] name = identifier.ReadOctetString();
        byte[] key = identifier.ReadOctetString();
        ReadOnlySpan<byte> serial = identifier.ReadIntegerBytes().Span;
        return algorithm is Sha1Algorithm && name.AsSpan().SequenceEqual(_issuerName) && key.AsSpan().SequenceEqual(_issuerKey) && serial.SequenceEqual(_serial);
    }

    /// <summary>The SHA-1 by which names and keys are found.</summary>
#pragma warning disable CA5350 // Responders know no other; it only finds, and what is found is compared with what is signed.
    public static byte[] Identify(ReadOnlySpan<byte> data) => SHA1.HashData(data);
#pragma warning restore CA5350

    private byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            using (writer.PushSequence())
                WriteIdentifier(writer);
            if (Nonce is { } nonce)
                WriteNonce(writer, nonce.Span);
        }

        return writer.Encode();
    }

    private void WriteIdentifier(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Sha1Algorithm);
                writer.WriteNull();
            }

            writer.WriteOctetString(_issuerName);
            writer.WriteOctetString(_issuerKey);
            writer.WriteInteger(_serial);
        }
    }

    private static void WriteNonce(AsnWriter writer, ReadOnlySpan<byte> nonce)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(NonceExtension);
            using (writer.PushOctetString())
                writer.WriteOctetString(nonce);
        }
    }
}
