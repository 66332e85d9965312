using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class Ed25519Tests
{
    [Fact]
    public void Every_vector_of_wycheproof_verifies_or_is_refused() =>
        Wycheproof.Run("ed25519.json", 151, static _ => true, static vector =>
        {
            byte[] publicKey = Convert.FromHexString(vector.Group.GetProperty("publicKey").GetProperty("pk").GetString()!);
            bool verified = Ed25519.Verify(publicKey, vector.Bytes("msg"), vector.Bytes("sig"));
            return verified == vector.IsValid ? null : $"verified = {verified}";
        });

    // RFC 8032 section 7.1, tests 1 to 3
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void The_keys_of_RFC_8032_sign_as_published(string seed, string publicKey, string data, string signature)
    {
        byte[] derived = new byte[32], signed = new byte[64];
        Ed25519.PublicKey(Convert.FromHexString(seed), derived);
        Assert.Equal(publicKey, Convert.ToHexStringLower(derived));
        Ed25519.Sign(Convert.FromHexString(seed), Convert.FromHexString(data), signed);
        Assert.Equal(signature, Convert.ToHexStringLower(signed));
        Assert.True(Ed25519.Verify(derived, Convert.FromHexString(data), signed));
    }

    [Fact]
    public void A_signature_with_any_bit_flipped_is_refused()
    {
        byte[] seed = new byte[32], publicKey = new byte[32], signature = new byte[64];
        Ed25519.PublicKey(seed, publicKey);
        Ed25519.Sign(seed, "adit"u8, signature);
        for (int bit = 0; bit < 512; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Ed25519.Verify(publicKey, "adit"u8, signature), $"bit {bit}");
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.True(Ed25519.Verify(publicKey, "adit"u8, signature));
    }

    [Theory]
    [InlineData(31, 64)]
    [InlineData(33, 64)]
    [InlineData(0, 64)]
    [InlineData(32, 63)]
    [InlineData(32, 65)]
    [InlineData(32, 0)]
    public void Keys_and_signatures_of_other_lengths_do_not_verify(int keyLength, int signatureLength) =>
        Assert.False(Ed25519.Verify(new byte[keyLength], [], new byte[signatureLength]));

    [Fact]
    public void A_public_key_that_is_no_point_does_not_verify()
    {
        byte[] noPoint = new byte[32];
        noPoint[0] = 2;
        Assert.False(Ed25519.Verify(noPoint, "adit"u8, new byte[64]));
    }
}
