using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class KeccakTests
{
    // FIPS 202 examples of the empty message
    [Fact]
    public void The_hashes_of_nothing_are_the_published_ones()
    {
        byte[] hash32 = new byte[32], hash64 = new byte[64];
        Keccak.Sha3_256([], hash32);
        Assert.Equal("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", Convert.ToHexStringLower(hash32));
        Keccak.Sha3_512([], [], hash64);
        Assert.Equal(
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
            Convert.ToHexStringLower(hash64));
        Keccak.Shake128([], [], hash32);
        Assert.Equal("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", Convert.ToHexStringLower(hash32));
        Keccak.Shake256([], [], hash32);
        Assert.Equal("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", Convert.ToHexStringLower(hash32));
    }

    [Fact]
    public void Two_pieces_hash_as_one_and_a_longer_output_begins_with_the_shorter()
    {
        byte[] whole = new byte[100], pieces = new byte[504];
        Keccak.Shake128("abcdef"u8, [], whole);
        Keccak.Shake128("abc"u8, "def"u8, pieces);
        Assert.Equal(whole, pieces[..100]);
    }
}
