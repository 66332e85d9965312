using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>
/// The key encapsulation ML-KEM-768 of FIPS 203: the platform's where it has one, else <see cref="MlKem768Managed"/>.
/// For use together with X25519 only. Thread-safe.
/// </summary>
internal static class MlKem768
{
    public const int EncapsulationKeySize = 1184;
    public const int DecapsulationKeySize = 2400;
    public const int CiphertextSize = 1088;
    public const int SharedSecretSize = 32;

    public static bool IsSupported => MLKem.IsSupported || MlKem768Managed.IsSupported;

    public static void GenerateKeyPair(Span<byte> encapsulationKey, Span<byte> decapsulationKey)
    {
        Buffers.RequireLength(encapsulationKey, EncapsulationKeySize, nameof(encapsulationKey));
        Buffers.RequireLength(decapsulationKey, DecapsulationKeySize, nameof(decapsulationKey));
        if (MLKem.IsSupported)
        {
            using MLKem key = MLKem.GenerateKey(MLKemAlgorithm.MLKem768);
            key.ExportEncapsulationKey(encapsulationKey);
            key.ExportDecapsulationKey(decapsulationKey);
            return;
        }

        using SecretBytes seed = new(2 * MlKem768Managed.SeedSize);
        RandomNumberGenerator.Fill(seed.Span);
        MlKem768Managed.GenerateKeyPair(
            seed.Span[..MlKem768Managed.SeedSize], seed.Span[MlKem768Managed.SeedSize..], encapsulationKey, decapsulationKey);
    }

    /// <summary>
    /// A fresh secret and its ciphertext. False, and both zeroed, when the peer's key has a wrong length or fails the modulus
    /// check of FIPS 203 section 7.2.
    /// </summary>
    public static bool TryEncapsulate(ReadOnlySpan<byte> encapsulationKey, Span<byte> ciphertext, Span<byte> secret)
    {
        Buffers.RequireLength(ciphertext, CiphertextSize, nameof(ciphertext));
        Buffers.RequireLength(secret, SharedSecretSize, nameof(secret));
        ciphertext.Clear();
        secret.Clear();
        if (encapsulationKey.Length != EncapsulationKeySize || !MlKem768Managed.PassesModulusCheck(encapsulationKey))
            return false;
        if (MLKem.IsSupported)
        {
            using MLKem key = MLKem.ImportEncapsulationKey(MLKemAlgorithm.MLKem768, encapsulationKey);
            key.Encapsulate(ciphertext, secret);
            return true;
        }

        using SecretBytes message = new(SharedSecretSize);
        RandomNumberGenerator.Fill(message.Span);
        MlKem768Managed.Encapsulate(encapsulationKey, message.Span, ciphertext, secret);
        return true;
    }

    /// <summary>
    /// The secret of a ciphertext; for a forged one a secret that nobody knows (FIPS 203 section 6.3), so that the exchange fails later.
    /// </summary>
    public static void Decapsulate(ReadOnlySpan<byte> decapsulationKey, ReadOnlySpan<byte> ciphertext, Span<byte> secret)
    {
        Buffers.RequireLength(decapsulationKey, DecapsulationKeySize, nameof(decapsulationKey));
        Buffers.RequireLength(ciphertext, CiphertextSize, nameof(ciphertext));
        Buffers.RequireLength(secret, SharedSecretSize, nameof(secret));
        if (MLKem.IsSupported)
        {
            using MLKem key = MLKem.ImportDecapsulationKey(MLKemAlgorithm.MLKem768, decapsulationKey);
            key.Decapsulate(ciphertext, secret);
            return;
        }

        MlKem768Managed.Decapsulate(decapsulationKey, ciphertext, secret);
    }
}
