using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Kex;

/// <summary>
/// mlkem768x25519-sha256, draft-ietf-sshm-mlkem-hybrid-kex: C_INIT is the ML-KEM encapsulation key and the X25519 public key, S_REPLY the
/// ciphertext and the X25519 public key, K = SHA-256(K_PQ || K_CL) as a string. It is as strong as the stronger of the two.
/// </summary>
internal sealed class MlKem768X25519Agreement : KeyAgreement
{
    private const int SecretSize = MlKem768.SharedSecretSize + X25519.KeySize;

    private readonly SecretBytes _privateKey = new(X25519.KeySize);
    private readonly byte[] _publicKey = new byte[X25519.KeySize];
    private SecretBytes? _decapsulationKey;

    public MlKem768X25519Agreement() => X25519.GenerateKeyPair(_privateKey.Span, _publicKey);

    public override byte[] Offer()
    {
        byte[] offer = new byte[MlKem768.EncapsulationKeySize + X25519.KeySize];
        _decapsulationKey = new SecretBytes(MlKem768.DecapsulationKeySize);
        MlKem768.GenerateKeyPair(offer.AsSpan(0, MlKem768.EncapsulationKeySize), _decapsulationKey.Span);
        _publicKey.CopyTo(offer, MlKem768.EncapsulationKeySize);
        return offer;
    }

    public override (byte[] PublicValue, byte[] Secret) Answer(ReadOnlySpan<byte> offer)
    {
        if (offer.Length != MlKem768.EncapsulationKeySize + X25519.KeySize)
            throw BadValue();
        byte[] answer = new byte[MlKem768.CiphertextSize + X25519.KeySize];
        Span<byte> secrets = stackalloc byte[SecretSize];
        bool good = MlKem768.TryEncapsulate(
                offer[..MlKem768.EncapsulationKeySize],
                answer.AsSpan(0, MlKem768.CiphertextSize),
                secrets[..MlKem768.SharedSecretSize])
            && X25519.TryAgree(_privateKey.Span, offer[MlKem768.EncapsulationKeySize..], secrets[MlKem768.SharedSecretSize..]);
        if (!good)
            throw BadValue();
        _publicKey.CopyTo(answer, MlKem768.CiphertextSize);
        return (answer, Combine(secrets));
    }

    public override byte[] Complete(ReadOnlySpan<byte> answer)
    {
        if (answer.Length != MlKem768.CiphertextSize + X25519.KeySize || _decapsulationKey is null)
            throw BadValue();
        Span<byte> secrets = stackalloc byte[SecretSize];
        MlKem768.Decapsulate(_decapsulationKey.Span, answer[..MlKem768.CiphertextSize], secrets[..MlKem768.SharedSecretSize]);
        if (!X25519.TryAgree(_privateKey.Span, answer[MlKem768.CiphertextSize..], secrets[MlKem768.SharedSecretSize..]))
            throw BadValue();
        return Combine(secrets);
    }

    public override void Dispose()
    {
        _privateKey.Dispose();
        _decapsulationKey?.Dispose();
    }

    private static byte[] Combine(Span<byte> secrets)
    {
        byte[] encoded = new byte[sizeof(uint) + SHA256.HashSizeInBytes];
        encoded[sizeof(uint) - 1] = SHA256.HashSizeInBytes;
        SHA256.HashData(secrets, encoded.AsSpan(sizeof(uint)));
        CryptographicOperations.ZeroMemory(secrets);
        return encoded;
    }
}
