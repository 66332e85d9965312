using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class X25519Tests
{
    [Fact]
    public void Every_vector_of_wycheproof_agrees_or_is_refused_for_a_zero_secret() =>
        Wycheproof.Run("x25519.json", 518, static _ => true, static vector =>
        {
            byte[] secret = new byte[32];
            Array.Fill(secret, (byte)0xaa);
            byte[] expected = vector.Bytes("shared");
            bool agreed = X25519.TryAgree(vector.Bytes("private"), vector.Bytes("public"), secret);
            if (agreed != expected.Any(static b => b != 0))
                return $"agreed = {agreed}";
            return secret.AsSpan().SequenceEqual(expected) ? null : $"secret {Convert.ToHexStringLower(secret)}";
        });

    // RFC 7748 section 6.1
    [Fact]
    public void The_key_pairs_of_RFC_7748_agree()
    {
        byte[] alice = Convert.FromHexString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        byte[] bob = Convert.FromHexString("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        byte[] publicKey = new byte[32];
        X25519.PublicKey(alice, publicKey);
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Convert.ToHexStringLower(publicKey));
        byte[] secret = new byte[32];
        Assert.True(X25519.TryAgree(bob, publicKey, secret));
        Assert.Equal("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", Convert.ToHexStringLower(secret));
    }

    [Fact]
    public void Two_fresh_key_pairs_agree_and_differ_from_each_other()
    {
        byte[] privateA = new byte[32], publicA = new byte[32], privateB = new byte[32], publicB = new byte[32];
        X25519.GenerateKeyPair(privateA, publicA);
        X25519.GenerateKeyPair(privateB, publicB);
        Assert.NotEqual(publicA, publicB);
        byte[] secretA = new byte[32], secretB = new byte[32];
        Assert.True(X25519.TryAgree(privateA, publicB, secretA));
        Assert.True(X25519.TryAgree(privateB, publicA, secretB));
        Assert.Equal(secretA, secretB);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_peer_key_of_another_length_is_refused_and_the_secret_zeroed(int length)
    {
        byte[] secret = new byte[32];
        Array.Fill(secret, (byte)1);
        Assert.False(X25519.TryAgree(new byte[32], new byte[length], secret));
        Assert.Equal(new byte[32], secret);
    }
}
