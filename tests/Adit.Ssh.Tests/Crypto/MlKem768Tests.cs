using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class MlKem768Tests
{
    [Fact]
    public void Every_vector_of_wycheproof_makes_its_key_and_its_secret_or_is_refused() =>
        Wycheproof.Run("mlkem_768.json", 193, static _ => true, static vector =>
        {
            byte[] seed = vector.Bytes("seed"), ciphertext = vector.Bytes("c"), secret = new byte[32];
            byte[] ek = new byte[MlKem768.EncapsulationKeySize], dk = new byte[MlKem768.DecapsulationKeySize];
            if (seed.Length != 64)
                return vector.IsValid ? "a seed of another length" : null;
            MlKem768Managed.GenerateKeyPair(seed.AsSpan(0, 32), seed.AsSpan(32), ek, dk);
            if (vector.Test.TryGetProperty("ek", out _) && !ek.AsSpan().SequenceEqual(vector.Bytes("ek")))
                return "another encapsulation key";
            try
            {
                MlKem768.Decapsulate(dk, ciphertext, secret);
            }
            catch (ArgumentException)
            {
                return vector.IsValid ? "the ciphertext is refused" : null;
            }
            if (!vector.IsValid)
                return "decapsulated";
            if (!secret.AsSpan().SequenceEqual(vector.Bytes("K")))
                return $"secret {Convert.ToHexStringLower(secret)}";
            byte[] managed = new byte[32];
            MlKem768Managed.Decapsulate(dk, ciphertext, managed);
            return secret.AsSpan().SequenceEqual(managed) ? null : "the managed secret differs";
        });

    [Fact]
    public void A_fresh_key_pair_and_a_fresh_secret_go_round_trip()
    {
        byte[] ek = new byte[1184], dk = new byte[2400], ciphertext = new byte[1088], secret = new byte[32], opened = new byte[32];
        HashSet<string> secrets = [];
        for (int i = 0; i < 50; i++)
        {
            MlKem768.GenerateKeyPair(ek, dk);
            Assert.True(MlKem768.TryEncapsulate(ek, ciphertext, secret));
            MlKem768.Decapsulate(dk, ciphertext, opened);
            Assert.Equal(secret, opened);
            MlKem768Managed.Decapsulate(dk, ciphertext, opened);
            Assert.Equal(secret, opened);
            Assert.True(secrets.Add(Convert.ToHexString(secret)));
        }
    }

    [Fact]
    public void A_changed_ciphertext_gives_the_secret_of_implicit_rejection()
    {
        byte[] ek = new byte[1184], dk = new byte[2400], ciphertext = new byte[1088], secret = new byte[32], opened = new byte[32];
        MlKem768.GenerateKeyPair(ek, dk);
        Assert.True(MlKem768.TryEncapsulate(ek, ciphertext, secret));
        for (int i = 0; i < ciphertext.Length; i += 17)
        {
            ciphertext[i] ^= 0x10;
            MlKem768.Decapsulate(dk, ciphertext, opened);
            byte[] rejection = new byte[32];
            Keccak.Shake256(dk.AsSpan(2400 - 32), ciphertext, rejection);
            Assert.Equal(rejection, opened);
            ciphertext[i] ^= 0x10;
        }
    }

    [Fact]
    public void A_key_with_a_coefficient_of_q_or_more_or_of_another_length_is_refused()
    {
        byte[] ek = new byte[1184], dk = new byte[2400], ciphertext = new byte[1088], secret = new byte[32];
        MlKem768.GenerateKeyPair(ek, dk);
        for (int coefficient = 0; coefficient < 768; coefficient++)
        {
            byte[] bad = [.. ek];
            int at = coefficient / 2 * 3;
            int value = coefficient % 3 == 0 ? 4095 : 3329;
            if (coefficient % 2 == 0)
            {
                bad[at] = (byte)value;
                bad[at + 1] = (byte)((bad[at + 1] & 0xf0) | (value >> 8));
            }
            else
            {
                bad[at + 1] = (byte)((bad[at + 1] & 0x0f) | (value << 4));
                bad[at + 2] = (byte)(value >> 4);
            }
            Array.Fill(secret, (byte)1);
            Assert.False(MlKem768.TryEncapsulate(bad, ciphertext, secret), $"coefficient {coefficient}");
            Assert.Equal(new byte[32], secret);
        }
        Assert.False(MlKem768.TryEncapsulate(ek.AsSpan(1), ciphertext, secret));
        Assert.False(MlKem768.TryEncapsulate([.. ek, 0], ciphertext, secret));
        Assert.False(MlKem768.TryEncapsulate([], ciphertext, secret));
        Assert.True(MlKem768.TryEncapsulate(ek, ciphertext, secret));
    }

    [Fact]
    public void The_managed_and_the_platforms_implementation_understand_each_other()
    {
        if (!MLKem.IsSupported)
        {
            // Without a platform's implementation the managed one must be what serves.
            Assert.True(MlKem768Managed.IsSupported);
            return;
        }
        byte[] seed = RandomNumberGenerator.GetBytes(64), ek = new byte[1184], dk = new byte[2400], ciphertext = new byte[1088];
        byte[] secret = new byte[32], opened = new byte[32];
        MlKem768Managed.GenerateKeyPair(seed.AsSpan(0, 32), seed.AsSpan(32), ek, dk);
        using MLKem platform = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
        Assert.Equal(platform.ExportEncapsulationKey(), ek);
        Assert.Equal(platform.ExportDecapsulationKey(), dk);
        MlKem768Managed.Encapsulate(ek, RandomNumberGenerator.GetBytes(32), ciphertext, secret);
        platform.Decapsulate(ciphertext, opened);
        Assert.Equal(secret, opened);
        platform.Encapsulate(ciphertext, secret);
        MlKem768Managed.Decapsulate(dk, ciphertext, opened);
        Assert.Equal(secret, opened);
    }

    [Fact]
    public void A_reduction_is_the_remainder_and_a_compression_the_rounded_quotient_for_every_input()
    {
        for (uint value = 0; value < 1 << 25; value++)
        {
            if (MlKemPolynomial.Reduce(value) != value % MlKemPolynomial.Q)
                Assert.Fail($"Reduce({value})");
        }
        foreach (int bits in (int[])[1, 4, 10])
        {
            for (int value = 0; value < MlKemPolynomial.Q; value++)
            {
                uint expected = (uint)Math.Round((double)(value << bits) / MlKemPolynomial.Q, MidpointRounding.AwayFromZero) % (1u << bits);
                Assert.Equal(expected, MlKemPolynomial.Compress((ushort)value, bits));
            }
            for (uint value = 0; value < 1 << bits; value++)
            {
                double expected = Math.Round((double)value * MlKemPolynomial.Q / (1 << bits), MidpointRounding.AwayFromZero);
                Assert.Equal((ushort)expected, MlKemPolynomial.Decompress(value, bits));
            }
        }
    }

    [Fact]
    public void A_transformation_and_back_is_the_polynomial_and_a_product_is_the_schoolbooks()
    {
        ushort[] f = Random(1), g = Random(2), product = new ushort[256], expected = new ushort[256];
        for (int i = 0; i < 256; i++)
        {
            for (int j = 0; j < 256; j++)
            {
                int term = f[i] * g[j] % MlKemPolynomial.Q;
                int at = (i + j) % 256;
                expected[at] = (ushort)((expected[at] + (i + j < 256 ? term : MlKemPolynomial.Q - term)) % MlKemPolynomial.Q);
            }
        }
        ushort[] original = [.. f];
        MlKemPolynomial.Transform(f);
        MlKemPolynomial.Transform(g);
        MlKemPolynomial.MultiplyAdd(f, g, product);
        MlKemPolynomial.TransformBack(product);
        Assert.Equal(expected, product);
        MlKemPolynomial.TransformBack(f);
        Assert.Equal(original, f);

        static ushort[] Random(int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(0, 256).Select(_ => (ushort)random.Next(MlKemPolynomial.Q))];
        }
    }
}
