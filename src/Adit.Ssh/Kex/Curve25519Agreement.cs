using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Kex;

/// <summary>curve25519-sha256, RFC 8731.</summary>
internal sealed class Curve25519Agreement : KeyAgreement
{
    private readonly SecretBytes _privateKey = new(X25519.KeySize);
    private readonly byte[] _publicKey = new byte[X25519.KeySize];

    public Curve25519Agreement() => X25519.GenerateKeyPair(_privateKey.Span, _publicKey);

    public override byte[] Offer() => _publicKey;

    public override (byte[] PublicValue, byte[] Secret) Answer(ReadOnlySpan<byte> offer) => (_publicKey, Complete(offer));

    public override byte[] Complete(ReadOnlySpan<byte> answer)
    {
        Span<byte> secret = stackalloc byte[X25519.KeySize];
        if (answer.Length != X25519.KeySize || !X25519.TryAgree(_privateKey.Span, answer, secret))
            throw BadValue();
        byte[] encoded = EncodeMpint(secret);
        CryptographicOperations.ZeroMemory(secret);
        return encoded;
    }

    public override void Dispose() => _privateKey.Dispose();
}
