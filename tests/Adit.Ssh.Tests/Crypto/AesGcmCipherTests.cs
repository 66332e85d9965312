using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class AesGcmCipherTests
{
    [Fact]
    public void Every_vector_of_wycheproof_seals_and_opens_or_is_refused() =>
        Wycheproof.Run(
            "aes_gcm.json",
            133,
            static vector => vector.Group.GetProperty("ivSize").GetInt32() == 96
                && vector.Group.GetProperty("tagSize").GetInt32() == 128
                && vector.Group.GetProperty("keySize").GetInt32() is 128 or 256,
            static vector =>
            {
                byte[] key = vector.Bytes("key"), nonce = vector.Bytes("iv"), aad = vector.Bytes("aad");
                byte[] plaintext = vector.Bytes("msg"), ciphertext = vector.Bytes("ct"), tag = vector.Bytes("tag");
                using AesGcmCipher opener = new(key, encrypting: false);
                byte[] opened = new byte[ciphertext.Length];
                bool valid = opener.TryOpen(nonce, aad, ciphertext, tag, opened);
                if (valid != vector.IsValid)
                    return $"opened = {valid}";
                if (!opened.AsSpan().SequenceEqual(valid ? plaintext : new byte[ciphertext.Length]))
                    return $"opened to {Convert.ToHexStringLower(opened)}";

                using AesGcmCipher sealer = new(key, encrypting: true);
                byte[] made = new byte[plaintext.Length], madeTag = new byte[16];
                sealer.Seal(nonce, aad, plaintext, made, madeTag);
                bool same = made.AsSpan().SequenceEqual(ciphertext) && madeTag.AsSpan().SequenceEqual(tag);
                return same == valid ? null : $"sealed to {Convert.ToHexStringLower(made)} {Convert.ToHexStringLower(madeTag)}";
            });

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void One_object_seals_and_opens_many_packets_in_place_as_the_platform_does(int keySize)
    {
        byte[] key = RandomNumberGenerator.GetBytes(keySize);
        using AesGcmCipher sealer = new(key, encrypting: true);
        using AesGcmCipher opener = new(key, encrypting: false);
        using AesGcm platform = new(key, 16);
        byte[] nonce = new byte[12], tag = new byte[16], platformTag = new byte[16];
        foreach (int length in (int[])[0, 1, 15, 16, 17, 64, 1000, 32768])
        {
            nonce[11]++;
            byte[] aad = [0, 0, 1, (byte)length], plaintext = RandomNumberGenerator.GetBytes(length), expected = new byte[length];
            byte[] packet = [.. plaintext];
            platform.Encrypt(nonce, plaintext, expected, platformTag, aad);
            sealer.Seal(nonce, aad, packet, packet, tag);
            Assert.Equal(expected, packet);
            Assert.Equal(platformTag, tag);
            Assert.True(opener.TryOpen(nonce, aad, packet, tag, packet));
            Assert.Equal(plaintext, packet);
        }
    }

    [Theory]
    [InlineData(0, 0, 5)]
    [InlineData(10, 0, 0)]
    [InlineData(10, 1, 4)]
    [InlineData(10, 16, 19)]
    [InlineData(10, 4096, 6)]
    [InlineData(0, 65_472, 0)]
    [InlineData(17, 65_472, 255)]
    public void Data_from_elsewhere_is_sealed_as_if_it_had_been_in_its_place(int before, int data, int behind)
    {
        using AesGcmCipher sealer = new(new byte[16], encrypting: true);
        using AesGcmCipher again = new(new byte[16], encrypting: true);
        byte[] whole = RandomNumberGenerator.GetBytes(before + data + behind), tag = new byte[16], tagOfParts = new byte[16];
        byte[] parts = [.. whole];
        byte[] elsewhere = whole[before..(before + data)];
        parts.AsSpan(before, data).Clear();
        byte[] kept = [.. elsewhere];

        sealer.Seal(new byte[12], "aad"u8, whole, whole, tag);
        again.Seal(new byte[12], "aad"u8, parts, before, elsewhere, tagOfParts);

        Assert.Equal(whole, parts);
        Assert.Equal(tag, tagOfParts);
        Assert.Equal(kept, elsewhere);
    }

    [Fact]
    public void Data_that_does_not_fit_or_overlaps_its_place_is_refused()
    {
        using AesGcmCipher sealer = new(new byte[16], encrypting: true);
        byte[] text = new byte[64];
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[12], [], text, 60, new byte[5], new byte[16]));
        Assert.ThrowsAny<ArgumentException>(() => sealer.Seal(new byte[12], [], text, 65, [], new byte[16]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[12], [], text, 10, text.AsSpan(9, 20), new byte[16]));
    }

    [Fact]
    public void A_forged_packet_is_refused_its_plaintext_zeroed_and_the_next_one_still_opens()
    {
        byte[] key = new byte[16], nonce = new byte[12], tag = new byte[16], packet = [1, 2, 3, 4, 5], output = new byte[5];
        using AesGcmCipher sealer = new(key, encrypting: true);
        using AesGcmCipher opener = new(key, encrypting: false);
        sealer.Seal(nonce, "aad"u8, packet, packet, tag);
        for (int bit = 0; bit < 128; bit++)
        {
            tag[bit / 8] ^= (byte)(1 << (bit % 8));
            Array.Fill(output, (byte)0xaa);
            Assert.False(opener.TryOpen(nonce, "aad"u8, packet, tag, output));
            Assert.Equal(new byte[5], output);
            tag[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.False(opener.TryOpen(nonce, "aae"u8, packet, tag, output));
        Assert.True(opener.TryOpen(nonce, "aad"u8, packet, tag, output));
        Assert.Equal([1, 2, 3, 4, 5], output);
    }

    [Fact]
    public void Wrong_sizes_and_directions_are_refused()
    {
        Assert.Throws<ArgumentException>(static () => new AesGcmCipher(new byte[24], true));
        using AesGcmCipher sealer = new(new byte[16], encrypting: true);
        using AesGcmCipher opener = new(new byte[16], encrypting: false);
        byte[] buffer = new byte[64];
        Assert.Throws<InvalidOperationException>(() => opener.Seal(new byte[12], [], [], [], new byte[16]));
        Assert.Throws<InvalidOperationException>(() => sealer.TryOpen(new byte[12], [], [], new byte[16], []));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[11], [], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[12], [], [], [], new byte[15]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[12], [], new byte[2], new byte[1], new byte[16]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[12], [], buffer.AsSpan(0, 32), buffer.AsSpan(1, 32), new byte[16]));
        Assert.Throws<ArgumentException>(() => opener.TryOpen(new byte[12], [], new byte[2], new byte[12], new byte[2]));
    }

    [Fact]
    public void A_disposed_cipher_is_refused()
    {
        AesGcmCipher sealer = new(new byte[16], encrypting: true);
        sealer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sealer.Seal(new byte[12], [], [], [], new byte[16]));
    }
}
