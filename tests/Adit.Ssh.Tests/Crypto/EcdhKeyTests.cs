using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class EcdhKeyTests
{
    [Theory]
    [InlineData("ecdh_secp256r1_ecpoint.json", "nistP256", 32, 355)]
    [InlineData("ecdh_secp384r1_ecpoint.json", "nistP384", 48, 790)]
    [InlineData("ecdh_secp521r1_ecpoint.json", "nistP521", 66, 661)]
    public void Every_vector_of_wycheproof_agrees_or_is_refused_and_compressed_points_always_are(
        string file, string curve, int fieldSize, int count)
    {
        // Hundreds of vectors share few scalars, and a key costs milliseconds.
        Dictionary<string, EcdhKey> keys = [];
        Wycheproof.Run(file, count, static _ => true, vector =>
        {
            string scalar = vector.Test.GetProperty("private").GetString()!.TrimStart('0').PadLeft(2 * fieldSize, '0');
            if (!keys.TryGetValue(scalar, out EcdhKey? key))
                keys[scalar] = key = EcdhKey.FromScalar(ECCurve.CreateFromFriendlyName(curve), Convert.FromHexString(scalar));
            bool agreed = key.TryAgree(vector.Bytes("public"), out byte[] secret);
            // Compressed points are "acceptable" to wycheproof and no part of SSH as we speak it.
            if (agreed != vector.IsValid)
                return $"agreed = {agreed}";
            byte[] expected = agreed ? vector.Bytes("shared") : [];
            return secret.AsSpan().SequenceEqual(expected) ? null : $"secret {Convert.ToHexStringLower(secret)}";
        });
        foreach (EcdhKey key in keys.Values)
            key.Dispose();
    }

    [Theory]
    [InlineData("nistP256", 32)]
    [InlineData("nistP384", 48)]
    [InlineData("nistP521", 66)]
    public void Two_fresh_keys_agree_on_a_secret_of_the_fields_size(string curve, int fieldSize)
    {
        using EcdhKey a = new(ECCurve.CreateFromFriendlyName(curve)), b = new(ECCurve.CreateFromFriendlyName(curve));
        Assert.Equal(1 + (2 * fieldSize), a.PublicPoint.Length);
        Assert.Equal(4, a.PublicPoint[0]);
        Assert.NotEqual(a.PublicPoint, b.PublicPoint);
        Assert.True(a.TryAgree(b.PublicPoint, out byte[] secretA));
        Assert.True(b.TryAgree(a.PublicPoint, out byte[] secretB));
        Assert.Equal(secretA, secretB);
        Assert.Equal(fieldSize, secretA.Length);
    }

    [Fact]
    public void Infinity_other_forms_other_lengths_and_points_off_the_curve_are_refused()
    {
        using EcdhKey key = new(ECCurve.NamedCurves.nistP256), other = new(ECCurve.NamedCurves.nistP256);
        byte[] point = other.PublicPoint;
        byte[] zero = new byte[65];
        zero[0] = 4;
        Assert.False(key.TryAgree([0], out _));
        Assert.False(key.TryAgree(zero, out _));
        Assert.False(key.TryAgree([.. point, 0], out _));
        for (int length = 0; length < point.Length; length++)
            Assert.False(key.TryAgree(point.AsSpan(0, length), out _));
        foreach (byte form in (byte[])[0, 2, 3, 5, 6, 7])
            Assert.False(key.TryAgree([form, .. point[1..]], out _));
        for (int i = 1; i < point.Length; i++)
        {
            point[i] ^= 1;
            Assert.False(key.TryAgree(point, out byte[] secret));
            Assert.Empty(secret);
            point[i] ^= 1;
        }
        Assert.True(key.TryAgree(point, out _));
    }
}
