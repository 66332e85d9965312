using System.Numerics;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class FiniteFieldGroupTests
{
    public static TheoryData<int, int> Groups => new() { { 14, 124476 }, { 16, 240904 }, { 18, 4743158 } };

    [Theory]
    [MemberData(nameof(Groups))]
    public void Two_fresh_key_pairs_agree_as_plain_arithmetic_says(int number, int constant)
    {
        FiniteFieldGroup group = Group(number);
        BigInteger prime = Prime(group.Size * 8, constant);
        group.GenerateKeyPair(out byte[] exponentA, out byte[] valueA);
        group.GenerateKeyPair(out byte[] exponentB, out byte[] valueB);
        Assert.Equal(64, exponentA.Length);
        Assert.Equal(group.Size, valueA.Length);
        Assert.NotEqual(valueA, valueB);
        Assert.True(group.TryAgree(exponentA, valueB, out byte[] secretA));
        Assert.True(group.TryAgree(exponentB, valueA, out byte[] secretB));
        Assert.Equal(secretA, secretB);
        Assert.Equal(group.Size, secretA.Length);
        Assert.Equal(BigInteger.ModPow(2, Number(exponentA), prime), Number(valueA));
        Assert.Equal(BigInteger.ModPow(Number(valueB), Number(exponentA), prime), Number(secretA));
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Peer_values_outside_2_to_p_minus_2_are_refused(int number, int constant)
    {
        FiniteFieldGroup group = Group(number);
        BigInteger prime = Prime(group.Size * 8, constant);
        byte[] exponent = [3];
        BigInteger[] outside = [0, 1, prime - 1, prime, prime + 1, prime + 2, BigInteger.One << (group.Size * 8), prime * prime];
        foreach (BigInteger value in outside)
        {
            Assert.False(group.TryAgree(exponent, Bytes(value), out byte[] secret));
            Assert.Empty(secret);
            Assert.False(group.TryAgree(exponent, [0, .. Bytes(value)], out _));
        }
        Assert.False(group.TryAgree(exponent, [], out _));
        Assert.True(group.TryAgree(exponent, [2], out byte[] eight));
        Assert.Equal(8, Number(eight));
        Assert.True(group.TryAgree(exponent, [0, 0, 2], out eight));
        Assert.Equal(8, Number(eight));
        Assert.True(group.TryAgree(exponent, Bytes(prime - 2), out byte[] minusEight));
        Assert.Equal(prime - 8, Number(minusEight));
    }

    [Fact]
    public void A_secret_of_one_is_refused()
    {
        // Only an exponent of zero brings a value of 2..p-2 to one in so small a power.
        Assert.False(FiniteFieldGroup.Group14.TryAgree([0], [2], out byte[] secret));
        Assert.Empty(secret);
    }

    private static FiniteFieldGroup Group(int number) => number switch
    {
        14 => FiniteFieldGroup.Group14,
        16 => FiniteFieldGroup.Group16,
        _ => FiniteFieldGroup.Group18,
    };

    /// <summary>RFC 3526: 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + constant).</summary>
    private static BigInteger Prime(int bits, int constant)
    {
        int words = (bits / 32) - 4;
        BigInteger fraction = 3;
        foreach (uint word in BlowfishState.PiFraction(words))
            fraction = (fraction << 32) | word;
        BigInteger pi = fraction >> ((32 * words) - (bits - 130));
        return (BigInteger.One << bits) - (BigInteger.One << (bits - 64)) - 1 + ((pi + constant) << 64);
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number) => number.ToByteArray(isUnsigned: true, isBigEndian: true);
}
