namespace Adit.Ssh.Crypto;

/// <summary>
/// SHA-3 and SHAKE (FIPS 202) in one go. From libcrypto, because .NET offers them on some platforms only and whoever needs
/// them needs libcrypto for X25519 anyway. Thread-safe.
/// </summary>
internal static unsafe class Keccak
{
    private static readonly LibCryptoAlgorithm Sha3Of256 = LibCryptoAlgorithm.Digest("SHA3-256");
    private static readonly LibCryptoAlgorithm Sha3Of512 = LibCryptoAlgorithm.Digest("SHA3-512");
    private static readonly LibCryptoAlgorithm ShakeOf128 = LibCryptoAlgorithm.Digest("SHAKE-128");
    private static readonly LibCryptoAlgorithm ShakeOf256 = LibCryptoAlgorithm.Digest("SHAKE-256");

    public static bool IsSupported => Sha3Of256.IsSupported && Sha3Of512.IsSupported && ShakeOf128.IsSupported && ShakeOf256.IsSupported;

    public static void Sha3_256(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        Buffers.RequireLength(hash, 32, nameof(hash));
        Hash(Sha3Of256, data, [], hash, extendable: false);
    }

    public static void Sha3_512(ReadOnlySpan<byte> data, ReadOnlySpan<byte> more, Span<byte> hash)
    {
        Buffers.RequireLength(hash, 64, nameof(hash));
        Hash(Sha3Of512, data, more, hash, extendable: false);
    }

    public static void Shake128(ReadOnlySpan<byte> data, ReadOnlySpan<byte> more, Span<byte> output) =>
        Hash(ShakeOf128, data, more, output, extendable: true);

    public static void Shake256(ReadOnlySpan<byte> data, ReadOnlySpan<byte> more, Span<byte> output) =>
        Hash(ShakeOf256, data, more, output, extendable: true);

    private static void Hash(
        LibCryptoAlgorithm digest, ReadOnlySpan<byte> data, ReadOnlySpan<byte> more, Span<byte> output, bool extendable)
    {
        using DigestContext context = DigestContext.Create();
        LibCrypto.Check(LibCrypto.EVP_DigestInit_ex2(context, digest.Handle, 0));
        fixed (byte* first = data, second = more, target = output)
        {
            LibCrypto.Check(LibCrypto.EVP_DigestUpdate(context, first, (nuint)data.Length));
            if (more.Length > 0)
                LibCrypto.Check(LibCrypto.EVP_DigestUpdate(context, second, (nuint)more.Length));
            if (extendable)
            {
                LibCrypto.Check(LibCrypto.EVP_DigestFinalXOF(context, target, (nuint)output.Length));
                return;
            }
            uint written;
            LibCrypto.Check(LibCrypto.EVP_DigestFinal_ex(context, target, &written));
        }
    }
}
