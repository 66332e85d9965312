using System.Buffers.Binary;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class Poly1305Tests
{
    // RFC 8439 section 2.5.2
    [Fact]
    public void The_tag_of_RFC_8439_comes_out_on_every_use_of_one_object()
    {
        using Poly1305 mac = new();
        byte[] key = Convert.FromHexString("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"), tag = new byte[16];
        for (int use = 0; use < 3; use++)
        {
            mac.Compute(key, "Cryptographic Forum Research Group"u8, tag);
            Assert.Equal("a8061dc1305136c6c22b8baf0c0127a9", Convert.ToHexStringLower(tag));
            mac.Compute(new byte[32], "x"u8, tag);
            Assert.Equal(new byte[16], tag);
        }
    }

    [Fact]
    public void The_tag_of_nothing_is_the_second_half_of_the_key()
    {
        using Poly1305 mac = new();
        byte[] key = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)], tag = new byte[16];
        mac.Compute(key, [], tag);
        Assert.Equal(key[16..], tag);
    }

    /// <summary>
    /// RFC 8439 section 2.8 built from the two pieces: its nonce of 96 bits and counter of 32 fill the same 16 bytes as the
    /// counter and nonce of 64 bits each, as long as no message crosses 2^32 blocks.
    /// </summary>
    [Fact]
    public void Chacha20_and_poly1305_together_pass_every_vector_of_wycheproof_with_a_nonce_of_96_bits() =>
        Wycheproof.Run("chacha20_poly1305.json", 316, static vector => vector.Group.GetProperty("ivSize").GetInt32() == 96, static vector =>
        {
            using ChaCha20 cipher = new(vector.Bytes("key"));
            using Poly1305 mac = new();
            byte[] iv = vector.Bytes("iv"), aad = vector.Bytes("aad"), ciphertext = vector.Bytes("ct"), plaintext = vector.Bytes("msg");
            ulong nonce = BinaryPrimitives.ReadUInt64BigEndian(iv.AsSpan(4));
            ulong counter = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(iv) << 32;
            byte[] key = new byte[32], tag = new byte[16];
            cipher.Transform(nonce, counter, key, key);
            mac.Compute(key, [.. Padded(aad), .. Padded(ciphertext), .. Length(aad), .. Length(ciphertext)], tag);
            bool valid = tag.AsSpan().SequenceEqual(vector.Bytes("tag"));
            if (valid != vector.IsValid)
                return $"tag {Convert.ToHexStringLower(tag)}";
            byte[] opened = new byte[ciphertext.Length];
            cipher.Transform(nonce, counter + 1, ciphertext, opened);
            return !valid || opened.AsSpan().SequenceEqual(plaintext) ? null : $"opened to {Convert.ToHexStringLower(opened)}";
        });

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        using Poly1305 mac = new();
        Assert.Throws<ArgumentException>(() => mac.Compute(new byte[31], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => mac.Compute(new byte[32], [], new byte[15]));
    }

    private static byte[] Padded(byte[] data) => [.. data, .. new byte[(16 - (data.Length % 16)) % 16]];

    private static byte[] Length(byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        return length;
    }
}
