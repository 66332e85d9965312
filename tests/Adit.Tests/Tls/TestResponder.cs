using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tests.Tls;

/// <summary>A responder in memory, which answers as it is told to.</summary>
internal sealed class TestResponder(X509Certificate2 signer, TimeProvider clock) : HttpMessageHandler
{
    private readonly List<(string Method, Uri Uri, string? Type)> _asked = [];

    /// <summary>What was asked of it.</summary>
    public IReadOnlyList<(string Method, Uri Uri, string? Type)> Asked => _asked;

    /// <summary>How the status of a certificate is told: 0 good, 1 revoked, 2 unknown.</summary>
    public int Status { get; set; }

    public TimeSpan Age { get; set; }

    /// <summary>From now on; null for an answer that does not say.</summary>
    public TimeSpan? Holds { get; set; } = TimeSpan.FromHours(12);

    public bool SendsCertificate { get; init; }

    public bool NamesByKey { get; init; }

    /// <summary>The nonce that is sent back for one that was sent.</summary>
    public Func<byte[]?, byte[]?> Nonce { get; init; } = static nonce => nonce;

    /// <summary>The serial number that is answered for one that was asked about.</summary>
    public Func<byte[], byte[]> Serial { get; init; } = static serial => serial;

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    /// <summary>Changes the answer at last.</summary>
    public Func<byte[], byte[]> Spoil { get; init; } = static answer => answer;

    public HttpStatusCode Http { get; init; } = HttpStatusCode.OK;

    /// <summary>Never answers.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Completes when it was asked.</summary>
    public TaskCompletionSource WasAsked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _asked.Add((request.Method.Method, request.RequestUri!, request.Content!.Headers.ContentType?.MediaType));
        WasAsked.TrySetResult();
        if (IsSilent)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        byte[] question = await request.Content.ReadAsByteArrayAsync(cancellationToken);
        return new(Http) { Content = new ByteArrayContent(Spoil(Answer(question))) };
    }

    private static Asn1Tag Tag(int number) => new(TagClass.ContextSpecific, number);

    private byte[] Answer(byte[] encoded)
    {
        AsnReader question = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        AsnReader identifier = question.ReadSequence().ReadSequence().ReadSequence();
        byte[] algorithm = identifier.ReadEncodedValue().ToArray();
        byte[] name = identifier.ReadOctetString();
        byte[] key = identifier.ReadOctetString();
        byte[] serial = identifier.ReadIntegerBytes().ToArray();
        byte[]? nonce = null;
        if (question.HasData)
        {
            AsnReader extension = question.ReadSequence(Tag(2)).ReadSequence().ReadSequence();
            Assert.Equal("1.3.6.1.5.5.7.48.1.2", extension.ReadObjectIdentifier());
            nonce = new AsnReader(extension.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
        }

        var data = new AsnWriter(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            WriteSigner(data);
            data.WriteGeneralizedTime(clock.GetUtcNow(), omitFractionalSeconds: true);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                using (data.PushSequence())
                {
                    data.WriteEncodedValue(algorithm);
                    data.WriteOctetString(name);
                    data.WriteOctetString(key);
                    data.WriteInteger(Serial(serial));
                }

                WriteStatus(data);
            }

            if (Nonce(nonce) is { } sent)
                WriteNonce(data, sent);
        }

        return Sign(data.Encode());
    }

    private void WriteSigner(AsnWriter data)
    {
        using (data.PushSequence(Tag(NamesByKey ? 2 : 1)))
        {
            if (NamesByKey)
#pragma warning disable CA5350 // so does RFC 6960
                data.WriteOctetString(SHA1.HashData(signer.PublicKey.EncodedKeyValue.RawData));
#pragma warning restore CA5350
            else
                data.WriteEncodedValue(signer.SubjectName.RawData);
        }
    }

    private void WriteStatus(AsnWriter data)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (Status == 1)
        {
            using (data.PushSequence(Tag(1)))
                data.WriteGeneralizedTime(new DateTimeOffset(2025, 3, 4, 5, 6, 7, TimeSpan.Zero), omitFractionalSeconds: true);
        }
        else
        {
            data.WriteNull(Tag(Status));
        }

        data.WriteGeneralizedTime(now - Age, omitFractionalSeconds: true);
        if (Holds is not { } holds)
            return;
        using (data.PushSequence(Tag(0)))
            data.WriteGeneralizedTime(now + holds, omitFractionalSeconds: true);
    }

    private static void WriteNonce(AsnWriter data, byte[] nonce)
    {
        using (data.PushSequence(Tag(1)))
        using (data.PushSequence())
        using (data.PushSequence())
        {
            data.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.2");
            using (data.PushOctetString())
                data.WriteOctetString(nonce);
        }
    }

    private byte[] Sign(byte[] data)
    {
        using ECDsa key = signer.GetECDsaPrivateKey()!;
        var basic = new AsnWriter(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            using (basic.PushSequence())
                basic.WriteObjectIdentifier(Hash == HashAlgorithmName.SHA256 ? "1.2.840.10045.4.3.2" : "1.2.840.10045.4.1");
            basic.WriteBitString(key.SignData(data, Hash, DSASignatureFormat.Rfc3279DerSequence));
            if (SendsCertificate)
            {
                using (basic.PushSequence(Tag(0)))
                using (basic.PushSequence())
                    basic.WriteEncodedValue(signer.RawData);
            }
        }

        var response = new AsnWriter(AsnEncodingRules.DER);
        using (response.PushSequence())
        {
            response.WriteEncodedValue([0x0a, 1, 0]);
            using (response.PushSequence(Tag(0)))
            using (response.PushSequence())
            {
                response.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                response.WriteOctetString(basic.Encode());
            }
        }

        return response.Encode();
    }
}
