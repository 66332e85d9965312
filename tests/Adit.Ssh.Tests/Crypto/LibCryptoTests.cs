using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class LibCryptoTests
{
    [Fact]
    public void Libcrypto_is_found_on_this_machine() => Assert.True(LibCrypto.IsAvailable);

    [Fact]
    public void Every_algorithm_is_supported_on_this_machine()
    {
        Assert.True(X25519.IsSupported);
        Assert.True(Ed25519.IsSupported);
        Assert.True(AesCtr.IsSupported);
        Assert.True(AesGcmCipher.IsSupported);
        Assert.True(ChaCha20.IsSupported);
        Assert.True(Poly1305.IsSupported);
        Assert.True(Hmac.IsSupported);
        Assert.True(Keccak.IsSupported);
        Assert.True(MlKem768.IsSupported);
    }

    [Fact]
    public void An_algorithm_that_no_provider_offers_is_not_supported_and_using_it_says_its_name()
    {
        LibCryptoAlgorithm unknown = LibCryptoAlgorithm.Cipher("ROT-13");
        Assert.False(unknown.IsSupported);
        SshException error = Assert.Throws<SshException>(() => unknown.Handle);
        Assert.Contains("ROT-13", error.Message, StringComparison.Ordinal);
        Assert.Contains("error:00000000", LibCrypto.Failure("nothing").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_libcrypto_is_said_with_the_packages_that_bring_it()
    {
        Assert.Equal(0, LibCrypto.Load(["libadit-no-such-library.so.3"]));
        SshException error = Assert.Throws<SshException>(static () => LibCrypto.Require(0));
        Assert.Contains("libssl3 (Debian, Ubuntu)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_openssl_is_passed_over() =>
        Assert.Equal(0, LibCrypto.Load(
            [OperatingSystem.IsWindows() ? "kernel32.dll" : OperatingSystem.IsMacOS() ? "libSystem.dylib" : "libc.so.6"]));

    [Fact]
    public void A_failure_names_the_function_and_leaves_no_error_behind_for_others()
    {
        CryptographicException error = Assert.Throws<CryptographicException>(static () => EvpKey.FromPublic("X25519", new byte[5]));
        Assert.StartsWith("EVP_PKEY_new_raw_key of libcrypto failed: error:", error.Message, StringComparison.Ordinal);
        Assert.Contains("error:00000000", LibCrypto.Failure("nothing").Message, StringComparison.Ordinal);
    }
}
