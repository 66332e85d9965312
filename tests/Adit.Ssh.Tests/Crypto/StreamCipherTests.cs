using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class StreamCipherTests
{
    private const string Plaintext =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

    // SP 800-38A, F.5.1, F.5.3 and F.5.5
    [Theory]
    [InlineData(
        "2b7e151628aed2a6abf7158809cf4f3c",
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee")]
    [InlineData(
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e941e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050")]
    [InlineData(
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6")]
    public void Aes_ctr_makes_the_ciphertexts_of_SP_800_38A(string key, string ciphertext)
    {
        using AesCtr cipher = new(Convert.FromHexString(key));
        byte[] counter = Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        byte[] data = Convert.FromHexString(Plaintext);
        cipher.Transform(counter, data, data);
        Assert.Equal(ciphertext, Convert.ToHexStringLower(data));
        cipher.Transform(counter, data, data);
        Assert.Equal(Plaintext, Convert.ToHexStringLower(data));
    }

    [Fact]
    public void Aes_ctr_in_pieces_with_an_advanced_counter_equals_one_go_across_the_carry()
    {
        using AesCtr cipher = new(RandomNumberGenerator.GetBytes(16));
        byte[] data = RandomNumberGenerator.GetBytes(16 * 100), whole = new byte[data.Length], pieces = new byte[data.Length];
        byte[] counter = Convert.FromHexString("fffffffffffffffffffffffffffffff0");
        cipher.Transform(counter, data, whole);
        for (int offset = 0, blocks = 1; offset < data.Length; blocks++)
        {
            int length = Math.Min(blocks * 16, data.Length - offset);
            cipher.Transform(counter, data.AsSpan(offset, length), pieces.AsSpan(offset));
            AesCtr.Advance(counter, length / 16);
            offset += length;
        }
        Assert.Equal(whole, pieces);
        Assert.Equal("00000000000000000000000000000054", Convert.ToHexStringLower(counter));
    }

    [Fact]
    public void Aes_ctr_starts_anew_after_a_partial_block()
    {
        using AesCtr cipher = new(new byte[32]);
        byte[] first = new byte[5], second = new byte[16], again = new byte[5];
        cipher.Transform(new byte[16], first, first);
        cipher.Transform(new byte[16], second, second);
        cipher.Transform(new byte[16], again, again);
        Assert.Equal(first, again);
        Assert.Equal(first, second[..5]);
    }

    [Theory]
    [InlineData("00000000000000000000000000000000", 0, "00000000000000000000000000000000")]
    [InlineData("0000000000000000ffffffffffffffff", 1, "00000000000000010000000000000000")]
    [InlineData("ffffffffffffffffffffffffffffffff", 2, "00000000000000000000000000000001")]
    [InlineData("00000000000000008000000000000001", long.MaxValue, "00000000000000010000000000000000")]
    public void A_counter_advances_over_128_bits(string start, long blocks, string end)
    {
        byte[] counter = Convert.FromHexString(start);
        AesCtr.Advance(counter, blocks);
        Assert.Equal(end, Convert.ToHexStringLower(counter));
    }

    // draft-strombergson-chacha-test-vectors-01: 256-bit key, 20 rounds, 64-bit nonce, first and second block
    [Theory]
    [InlineData(
        "0000000000000000000000000000000000000000000000000000000000000000", 0,
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
        + "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f")]
    [InlineData(
        "0000000000000000000000000000000000000000000000000000000000000000", 1,
        "de9cba7bf3d69ef5e786dc63973f653a0b49e015adbff7134fcb7df137821031e85a050278a7084527214f73efc7fa5b5277062eb7a0433e445f41e31afab757")]
    public void Chacha20_makes_the_published_key_stream(string key, ulong nonce, string keyStream)
    {
        using ChaCha20 cipher = new(Convert.FromHexString(key));
        byte[] stream = new byte[keyStream.Length / 2];
        cipher.Transform(nonce, 0, stream, stream);
        Assert.Equal(keyStream, Convert.ToHexStringLower(stream));
    }

    // RFC 8439 section 2.3.2: its 32-bit counter 1 and 96-bit nonce 00:00:00:09:00:00:00:4a:00:00:00:00 are the same 16 bytes
    [Fact]
    public void Chacha20_makes_the_block_of_RFC_8439_from_the_same_state()
    {
        using ChaCha20 cipher = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
        byte[] stream = new byte[64];
        cipher.Transform(0x0000004a00000000, 0x0900000000000001, stream, stream);
        Assert.Equal(
            "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4ed2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
            Convert.ToHexStringLower(stream));
    }

    [Fact]
    public void Chacha20_carries_its_counter_over_64_bits_and_starts_anew_after_a_partial_block()
    {
        using ChaCha20 cipher = new(RandomNumberGenerator.GetBytes(32));
        byte[] across = new byte[128], after = new byte[64], partial = new byte[3];
        cipher.Transform(7, 0xffff_ffff, across, across);
        cipher.Transform(7, 0xffff_ffff, partial, partial);
        cipher.Transform(7, 0x1_0000_0000, after, after);
        Assert.Equal(across[64..], after);
        Assert.Equal(across[..3], partial);
    }

    [Fact]
    public void A_packet_allocates_nothing_in_any_cipher()
    {
        byte[] packet = new byte[256], tag = new byte[16], key = new byte[32], nonce = new byte[12], counter = new byte[16];
        using AesCtr ctr = new(key);
        using ChaCha20 chacha = new(key);
        using Poly1305 poly = new();
        using AesGcmCipher sealer = new(key, encrypting: true);
        using AesGcmCipher opener = new(key, encrypting: false);
        RoundTrip();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            RoundTrip();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void RoundTrip()
        {
            ctr.Transform(counter, packet, packet);
            chacha.Transform(3, 1, packet, packet);
            poly.Compute(key, packet, tag);
            sealer.Seal(nonce, counter, packet, packet, tag);
            if (!opener.TryOpen(nonce, counter, packet, tag, packet))
                throw new InvalidOperationException("the packet does not open");
        }
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        Assert.Throws<ArgumentException>(static () => new AesCtr(new byte[17]));
        Assert.Throws<ArgumentException>(static () => new ChaCha20(new byte[31]));
        using AesCtr aes = new(new byte[16]);
        using ChaCha20 chacha = new(new byte[32]);
        byte[] buffer = new byte[8];
        Assert.Throws<ArgumentException>(() => aes.Transform(new byte[15], [], []));
        Assert.Throws<ArgumentException>(() => aes.Transform(new byte[16], new byte[2], new byte[1]));
        Assert.Throws<ArgumentException>(() => chacha.Transform(0, 0, new byte[2], new byte[1]));
        Assert.Throws<ArgumentException>(() => chacha.Transform(0, 0, buffer.AsSpan(0, 4), buffer.AsSpan(2, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => AesCtr.Advance(new byte[16], -1));
    }
}
