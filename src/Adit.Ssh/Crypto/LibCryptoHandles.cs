using System.Runtime.InteropServices;

namespace Adit.Ssh.Crypto;

/// <summary>
/// Keeps a handle alive for the several native calls of one operation: one reference count instead of one per call,
/// and still no use after free when another thread disposes meanwhile.
/// </summary>
internal readonly ref struct HandleLease
{
    private readonly SafeHandle _handle;

    public HandleLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
    }

    public nint Value => _handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}

/// <summary>A native object of libcrypto; zero is none.</summary>
internal abstract class LibCryptoHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;
}

/// <summary>EVP_CIPHER_CTX: a cipher with its key schedule, cleared when freed.</summary>
internal sealed class CipherContext : LibCryptoHandle
{
    /// <summary>Sets the key once; later initialisations give only the IV.</summary>
    public static unsafe CipherContext Create(nint cipher, ReadOnlySpan<byte> key, bool encrypting)
    {
        CipherContext context = new();
        context.SetHandle(LibCrypto.Check(LibCrypto.EVP_CIPHER_CTX_new()));
        fixed (byte* keyBytes = key)
        {
            if (LibCrypto.EVP_CipherInit_ex2(context.handle, cipher, keyBytes, null, encrypting ? 1 : 0, 0) == 1)
                return context;
        }
        context.Dispose();
        throw LibCrypto.Failure(nameof(LibCrypto.EVP_CipherInit_ex2));
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }
}

/// <summary>EVP_MAC_CTX.</summary>
internal sealed class MacContext : LibCryptoHandle
{
    public static MacContext Create(nint mac)
    {
        MacContext context = new();
        context.SetHandle(LibCrypto.Check(LibCrypto.EVP_MAC_CTX_new(mac)));
        return context;
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MAC_CTX_free(handle);
        return true;
    }
}

/// <summary>EVP_MD_CTX.</summary>
internal sealed class DigestContext : LibCryptoHandle
{
    public static DigestContext Create()
    {
        DigestContext context = new();
        context.SetHandle(LibCrypto.Check(LibCrypto.EVP_MD_CTX_new()));
        return context;
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MD_CTX_free(handle);
        return true;
    }
}

/// <summary>EVP_PKEY: a private or a public key.</summary>
internal sealed class EvpKey : LibCryptoHandle
{
    public static unsafe EvpKey FromPrivate(string keyType, ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
            return Valid(LibCrypto.EVP_PKEY_new_raw_private_key_ex(0, keyType, 0, bytes, (nuint)key.Length));
    }

    public static unsafe EvpKey FromPublic(string keyType, ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
            return Valid(LibCrypto.EVP_PKEY_new_raw_public_key_ex(0, keyType, 0, bytes, (nuint)key.Length));
    }

    public unsafe void WritePublic(Span<byte> output)
    {
        nuint length = (nuint)output.Length;
        fixed (byte* bytes = output)
            LibCrypto.Check(LibCrypto.EVP_PKEY_get_raw_public_key(this, bytes, &length));
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_free(handle);
        return true;
    }

    private static EvpKey Valid(EvpKey key)
    {
        if (!key.IsInvalid)
            return key;
        key.Dispose();
        throw LibCrypto.Failure("EVP_PKEY_new_raw_key");
    }
}

/// <summary>EVP_PKEY_CTX.</summary>
internal sealed class EvpKeyContext : LibCryptoHandle
{
    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_CTX_free(handle);
        return true;
    }
}

/// <summary>BIGNUM, cleared when freed.</summary>
internal sealed class BigNumber : LibCryptoHandle
{
    private const int ConstantTime = 0x04;

    public static BigNumber Create()
    {
        BigNumber number = new();
        number.SetHandle(LibCrypto.Check(LibCrypto.BN_new()));
        return number;
    }

    public static unsafe BigNumber FromBytes(ReadOnlySpan<byte> bigEndian, bool secret = false)
    {
        BigNumber number = Create();
        fixed (byte* bytes = bigEndian)
            LibCrypto.Check(LibCrypto.BN_bin2bn(bytes, bigEndian.Length, number));
        if (secret)
            LibCrypto.BN_set_flags(number, ConstantTime);
        return number;
    }

    /// <summary>The number in exactly as many big-endian bytes as fit the output.</summary>
    public unsafe void Write(Span<byte> output)
    {
        fixed (byte* bytes = output)
        {
            if (LibCrypto.BN_bn2binpad(this, bytes, output.Length) != output.Length)
                throw LibCrypto.Failure(nameof(LibCrypto.BN_bn2binpad));
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.BN_clear_free(handle);
        return true;
    }
}

/// <summary>BN_CTX: scratch space of big number functions.</summary>
internal sealed class BigNumberContext : LibCryptoHandle
{
    public static BigNumberContext Create()
    {
        BigNumberContext context = new();
        context.SetHandle(LibCrypto.Check(LibCrypto.BN_CTX_secure_new()));
        return context;
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.BN_CTX_free(handle);
        return true;
    }
}
