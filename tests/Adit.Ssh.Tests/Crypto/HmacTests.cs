using System.Buffers.Binary;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class HmacTests
{
    [Theory]
    [InlineData("hmac_sha256.json", "SHA256")]
    [InlineData("hmac_sha512.json", "SHA512")]
    public void Every_vector_of_wycheproof_whole_or_truncated_computes_or_differs(string file, string hash) =>
        Wycheproof.Run(file, 174, static _ => true, vector =>
        {
            using Hmac hmac = new(new HashAlgorithmName(hash), vector.Bytes("key"));
            byte[] mac = new byte[hmac.Size], tag = vector.Bytes("tag");
            hmac.Compute(vector.Bytes("msg"), mac);
            bool same = mac.AsSpan(0, tag.Length).SequenceEqual(tag);
            return same == vector.IsValid ? null : $"mac {Convert.ToHexStringLower(mac)}";
        });

    // RFC 4231 section 4.3
    [Theory]
    [InlineData("SHA256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    [InlineData(
        "SHA512",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")]
    public void The_macs_of_RFC_4231_come_out_on_every_use_of_one_object(string hash, string expected)
    {
        using Hmac hmac = new(new HashAlgorithmName(hash), "Jefe"u8);
        byte[] mac = new byte[hmac.Size];
        for (int use = 0; use < 3; use++)
        {
            hmac.Compute("what do ya want for nothing?"u8, mac);
            Assert.Equal(expected, Convert.ToHexStringLower(mac));
            hmac.Compute([], mac);
        }
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA512")]
    public void The_sequence_number_goes_in_first_and_pieces_count_as_one(string hash)
    {
        HashAlgorithmName name = new(hash);
        byte[] key = RandomNumberGenerator.GetBytes(200), packet = RandomNumberGenerator.GetBytes(333), prefix = new byte[4];
        using Hmac hmac = new(name, key);
        byte[] mac = new byte[hmac.Size], pieces = new byte[hmac.Size];
        foreach (uint sequenceNumber in (uint[])[0, 1, 0x01020304, uint.MaxValue])
        {
            BinaryPrimitives.WriteUInt32BigEndian(prefix, sequenceNumber);
            byte[] data = [.. prefix, .. packet];
            byte[] expected = name == HashAlgorithmName.SHA256
                ? HMACSHA256.HashData(key, data)
                : HMACSHA512.HashData(key, data);
            hmac.Compute(sequenceNumber, packet, mac);
            hmac.Compute(sequenceNumber, packet.AsSpan(0, 4), packet.AsSpan(4), pieces);
            Assert.Equal(expected, mac);
            Assert.Equal(expected, pieces);
        }
    }

    [Fact]
    public void A_mac_allocates_nothing()
    {
        using Hmac hmac = new(HashAlgorithmName.SHA256, new byte[32]);
        byte[] packet = new byte[100], mac = new byte[32];
        hmac.Compute(1, packet, mac);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (uint i = 0; i < 100; i++)
            hmac.Compute(i, packet, mac);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Other_hashes_sizes_and_empty_keys_are_refused()
    {
        Assert.Throws<ArgumentException>(static () => new Hmac(HashAlgorithmName.SHA1, new byte[20]));
        Assert.Throws<ArgumentException>(static () => new Hmac(HashAlgorithmName.SHA256, []));
        using Hmac hmac = new(HashAlgorithmName.SHA256, new byte[32]);
        Assert.Throws<ArgumentException>(() => hmac.Compute(0, [], new byte[20]));
    }
}
