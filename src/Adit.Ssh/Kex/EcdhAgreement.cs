using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Kex;

/// <summary>ecdh-sha2-nistp256, 384 and 521, RFC 5656 section 4.</summary>
internal sealed class EcdhAgreement(ECCurve curve) : KeyAgreement
{
    private readonly EcdhKey _key = new(curve);

    public override byte[] Offer() => _key.PublicPoint;

    public override (byte[] PublicValue, byte[] Secret) Answer(ReadOnlySpan<byte> offer) => (_key.PublicPoint, Complete(offer));

    public override byte[] Complete(ReadOnlySpan<byte> answer)
    {
        if (!_key.TryAgree(answer, out byte[] secret))
            throw BadValue();
        byte[] encoded = EncodeMpint(secret);
        CryptographicOperations.ZeroMemory(secret);
        return encoded;
    }

    public override void Dispose() => _key.Dispose();
}
