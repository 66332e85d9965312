using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>Diffie-Hellman in the MODP groups of RFC 3526, as RFC 8268 uses them: generator 2, safe prime. Thread-safe.</summary>
internal sealed unsafe class FiniteFieldGroup
{
    // At least twice the strength of every cipher that the secret keys (RFC 4253 section 8, RFC 8270): 2 * 256 bits.
    private const int ExponentSize = 64;

    private readonly Lazy<BigNumber> _prime;

    private FiniteFieldGroup(int size, Func<BigNumber, nint> fill)
    {
        Size = size;
        _prime = new Lazy<BigNumber>(() =>
        {
            BigNumber prime = BigNumber.Create();
            LibCrypto.Check(fill(prime), "BN_get_rfc3526_prime");
            return prime;
        });
    }

    public static FiniteFieldGroup Group14 { get; } = new(256, LibCrypto.BN_get_rfc3526_prime_2048);

    public static FiniteFieldGroup Group16 { get; } = new(512, LibCrypto.BN_get_rfc3526_prime_4096);

    public static FiniteFieldGroup Group18 { get; } = new(1024, LibCrypto.BN_get_rfc3526_prime_8192);

    /// <summary>Bytes of the prime, of a public value and of a secret.</summary>
    public int Size { get; }

    /// <summary>A fresh exponent of 512 bits and its public value, unsigned big-endian and padded to the group's size.</summary>
    public void GenerateKeyPair(out byte[] privateExponent, out byte[] publicValue)
    {
        privateExponent = GC.AllocateUninitializedArray<byte>(ExponentSize, pinned: true);
        RandomNumberGenerator.Fill(privateExponent);
        publicValue = PublicValue(privateExponent);
    }

    /// <summary>
    /// The secret, unsigned big-endian and padded to the group's size; to be cleared by the caller. False when the peer's value
    /// is not within 2..p-2 or makes a secret of 1 (RFC 4253 section 8, RFC 8268 section 4).
    /// </summary>
    public bool TryAgree(ReadOnlySpan<byte> privateExponent, ReadOnlySpan<byte> peerPublicValue, out byte[] secret)
    {
        secret = [];
        Span<byte> highest = stackalloc byte[Size];
        _prime.Value.Write(highest);
        highest[^1] -= 2;
        ReadOnlySpan<byte> peer = peerPublicValue.TrimStart((byte)0);
        if (peer.Length > Size || IsZeroOrOne(peer) || (peer.Length == Size && peer.SequenceCompareTo(highest) > 0))
            return false;
        byte[] power = Power(peer, privateExponent);
        if (IsZeroOrOne(power.AsSpan().TrimStart((byte)0)))
        {
            CryptographicOperations.ZeroMemory(power);
            return false;
        }
        secret = power;
        return true;
    }

    internal byte[] PublicValue(ReadOnlySpan<byte> privateExponent) => Power([2], privateExponent);

    private byte[] Power(ReadOnlySpan<byte> generator, ReadOnlySpan<byte> exponent)
    {
        using BigNumber value = BigNumber.FromBytes(generator);
        using BigNumber power = BigNumber.FromBytes(exponent, secret: true);
        using BigNumber result = BigNumber.Create();
        using BigNumberContext context = BigNumberContext.Create();
        LibCrypto.Check(LibCrypto.BN_mod_exp_mont_consttime(result, value, power, _prime.Value, context, 0));
        byte[] bytes = GC.AllocateArray<byte>(Size, pinned: true);
        result.Write(bytes);
        return bytes;
    }

    private static bool IsZeroOrOne(ReadOnlySpan<byte> trimmed) => trimmed.IsEmpty || (trimmed.Length == 1 && trimmed[0] == 1);
}
