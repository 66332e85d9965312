using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>
/// The functions of OpenSSL's libcrypto 3 that this engine calls, and the loader that finds the library. Names and
/// parameters are OpenSSL's own. Functions on hot paths take raw pointers: callers hold a <see cref="HandleLease"/> for them.
/// </summary>
internal static unsafe partial class LibCrypto
{
    private const string Library = "libcrypto";

    private static readonly nint Loaded = Load(CandidateNames());

    static LibCrypto() =>
        NativeLibrary.SetDllImportResolver(
            typeof(LibCrypto).Assembly,
            static (name, _, _) => string.Equals(name, Library, StringComparison.Ordinal) ? Require(Loaded) : 0);

    /// <summary>Whether libcrypto 3 is on this machine.</summary>
    public static bool IsAvailable => Loaded != 0;

    /// <summary>The first of these libraries that loads and is OpenSSL 3 or later, or zero.</summary>
    internal static nint Load(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint handle))
                continue;
            if (NativeLibrary.TryGetExport(handle, "OPENSSL_version_major", out nint major) && ((delegate* unmanaged<uint>)major)() >= 3)
                return handle;
            NativeLibrary.Free(handle);
        }
        return 0;
    }

    internal static nint Require(nint handle) =>
        handle != 0 ? handle : throw new SshException(
            "libcrypto of OpenSSL 3 is not on this machine; install the package " +
            "libssl3 (Debian, Ubuntu), openssl-libs (Fedora, RHEL), libcrypto3 (Alpine), openssl@3 (Homebrew) or OpenSSL 3 for Windows");

    /// <summary>
    /// The exception for a call that must not fail and did; empties the thread's error queue, which .NET's own classes share.
    /// </summary>
    public static CryptographicException Failure(string function)
    {
        Span<byte> text = stackalloc byte[256];
        text.Clear();
        CULong error = ERR_get_error();
        fixed (byte* buffer = text)
        {
            ERR_error_string_n(error, buffer, (nuint)text.Length);
            ERR_clear_error();
            return new CryptographicException($"{function} of libcrypto failed: {Marshal.PtrToStringUTF8((nint)buffer)}");
        }
    }

    /// <summary>Fails unless a function returned 1, as most of libcrypto does on success.</summary>
    public static void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 1)
            throw Failure(FunctionOf(call));
    }

    /// <summary>Fails when a function returned no object.</summary>
    public static nint Check(nint result, [CallerArgumentExpression(nameof(result))] string call = "") =>
        result != 0 ? result : throw Failure(FunctionOf(call));

    private static string FunctionOf(string call)
    {
        string name = call.Split('(')[0];
        return name[(name.LastIndexOf('.') + 1)..];
    }

    private static string[] CandidateNames()
    {
        if (OperatingSystem.IsWindows())
            return [RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "libcrypto-3-arm64.dll" : "libcrypto-3-x64.dll"];
        // macOS ends a process that loads its own unversioned libcrypto.dylib, so that name is never tried there.
        if (OperatingSystem.IsMacOS())
        {
            return
            [
                "libcrypto.3.dylib",
                "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib",
                "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib",
            ];
        }
        return ["libcrypto.so.3", "libcrypto.so"];
    }

    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    [LibraryImport(Library)]
    private static partial CULong ERR_get_error();

    [LibraryImport(Library)]
    private static partial void ERR_error_string_n(CULong error, byte* buffer, nuint length);

    // Ciphers
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_CIPHER_fetch(nint context, string algorithm, nint properties);

    [LibraryImport(Library)]
    public static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_CipherInit_ex2(nint context, nint cipher, byte* key, byte* iv, int encrypt, nint parameters);

    [LibraryImport(Library)]
    public static partial int EVP_CipherUpdate(nint context, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    public static partial int EVP_CipherFinal_ex(nint context, byte* output, int* outputLength);

    [LibraryImport(Library)]
    public static partial int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, void* pointer);

    // Message authentication codes
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_MAC_fetch(nint context, string algorithm, nint properties);

    [LibraryImport(Library)]
    public static partial nint EVP_MAC_CTX_new(nint mac);

    [LibraryImport(Library)]
    public static partial void EVP_MAC_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_init(nint context, byte* key, nuint keyLength, nint parameters);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_update(nint context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_final(nint context, byte* output, nuint* outputLength, nuint outputSize);

    [LibraryImport(Library)]
    public static partial int EVP_MAC_CTX_set_params(nint context, OsslParam* parameters);

    // Digests
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_MD_fetch(nint context, string algorithm, nint properties);

    [LibraryImport(Library)]
    public static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_DigestInit_ex2(DigestContext context, nint digest, nint parameters);

    [LibraryImport(Library)]
    public static partial int EVP_DigestUpdate(DigestContext context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestFinal_ex(DigestContext context, byte* output, uint* outputLength);

    [LibraryImport(Library)]
    public static partial int EVP_DigestFinalXOF(DigestContext context, byte* output, nuint outputLength);

    // Asymmetric keys
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_KEYMGMT_fetch(nint context, string algorithm, nint properties);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial EvpKey EVP_PKEY_new_raw_private_key_ex(nint context, string keyType, nint properties, byte* key, nuint length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial EvpKey EVP_PKEY_new_raw_public_key_ex(nint context, string keyType, nint properties, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_get_raw_public_key(EvpKey key, byte* output, nuint* length);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial EvpKeyContext EVP_PKEY_CTX_new_from_pkey(nint context, EvpKey key, nint properties);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_derive_init(EvpKeyContext context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_derive_set_peer(EvpKeyContext context, EvpKey peer);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_derive(EvpKeyContext context, byte* secret, nuint* length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSignInit(DigestContext context, nint keyContext, nint digest, nint engine, EvpKey key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSign(DigestContext context, byte* signature, nuint* signatureLength, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerifyInit(DigestContext context, nint keyContext, nint digest, nint engine, EvpKey key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerify(DigestContext context, byte* signature, nuint signatureLength, byte* data, nuint length);

    // Big numbers
    [LibraryImport(Library)]
    public static partial nint BN_new();

    [LibraryImport(Library)]
    public static partial void BN_clear_free(nint number);

    [LibraryImport(Library)]
    public static partial nint BN_CTX_secure_new();

    [LibraryImport(Library)]
    public static partial void BN_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial nint BN_bin2bn(byte* data, int length, BigNumber result);

    [LibraryImport(Library)]
    public static partial int BN_bn2binpad(BigNumber number, byte* output, int length);

    [LibraryImport(Library)]
    public static partial void BN_set_flags(BigNumber number, int flags);

    [LibraryImport(Library)]
    public static partial int BN_mod_exp_mont_consttime(
        BigNumber result, BigNumber @base, BigNumber exponent, BigNumber modulus, BigNumberContext context, nint montgomery);

    [LibraryImport(Library)]
    public static partial nint BN_get_rfc3526_prime_2048(BigNumber result);

    [LibraryImport(Library)]
    public static partial nint BN_get_rfc3526_prime_4096(BigNumber result);

    [LibraryImport(Library)]
    public static partial nint BN_get_rfc3526_prime_8192(BigNumber result);
}

/// <summary>OSSL_PARAM: a named parameter; an array of them ends with an empty one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OsslParam
{
    private byte* _key;
    private uint _dataType;
    private void* _data;
    private nuint _dataSize;
    private nuint _returnSize;

    /// <summary>A parameter of type OSSL_PARAM_UTF8_STRING; its name ends with a zero byte, its length counts none.</summary>
    public static OsslParam Utf8String(byte* name, byte* value, int length) =>
        new() { _key = name, _dataType = 4, _data = value, _dataSize = (nuint)length };
}
