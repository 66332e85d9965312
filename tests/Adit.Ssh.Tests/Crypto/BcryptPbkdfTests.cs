using System.Text;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class BcryptPbkdfTests
{
    // The vectors that the public implementations of bcrypt_pbkdf share.
    [Theory]
    [InlineData(4, "password", "salt", "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9")]
    [InlineData(4, "password", "\0", "c12b566235eee04c212598970a579a67")]
    [InlineData(4, "\0", "salt", "6051be18c2f4f82cbf0efee5471b4bb9")]
    [InlineData(4, "password\0", "salt\0", "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050")]
    [InlineData(12, "password", "salt", "1ae42c05d487bc02f64921a4ebe4ea93bcacfe135fda99974c06b7b01fae149a")]
    [InlineData(
        8, "password", "salt",
        "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d")]
    [InlineData(42, "password", "salt", "833cf0dcf56db65608e8f0dc0ce882bd")]
    [InlineData(8, "Ὀδυσσεύς", "Τηλέμαχος", "43666c9b09ef33ed8c27e8e8f3e2d8e6")]
    public void The_published_keys_are_derived(int rounds, string passphrase, string salt, string expected)
    {
        byte[] output = new byte[expected.Length / 2];
        BcryptPbkdf.Derive(Encoding.UTF8.GetBytes(passphrase), Encoding.UTF8.GetBytes(salt), rounds, output);
        Assert.Equal(expected, Convert.ToHexStringLower(output));
    }

    [Theory]
    [InlineData(0, 1, 1, 32, "0 rounds")]
    [InlineData(-1, 1, 1, 32, "-1 rounds")]
    [InlineData(10_001, 1, 1, 32, "10001 rounds")]
    [InlineData(int.MaxValue, 1, 1, 32, "2147483647 rounds")]
    [InlineData(1, 0, 1, 32, "passphrase")]
    [InlineData(1, 1, 0, 32, "salt")]
    [InlineData(1, 1, 1, 0, "0 bytes")]
    [InlineData(1, 1, 1, 1025, "1025 bytes")]
    public void What_is_outside_the_limits_is_refused_at_once(int rounds, int passphrase, int salt, int output, string word)
    {
        SshException error = Assert.Throws<SshException>(
            () => BcryptPbkdf.Derive(new byte[passphrase], new byte[salt], rounds, new byte[output]));
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(48)]
    [InlineData(100)]
    public void Outputs_of_any_length_are_filled_to_the_end(int length)
    {
        byte[] zeroes = new byte[length], ones = [.. Enumerable.Repeat((byte)0xff, length)];
        BcryptPbkdf.Derive("passphrase"u8, "salt"u8, 1, zeroes);
        BcryptPbkdf.Derive("passphrase"u8, "salt"u8, 1, ones);
        Assert.Equal(zeroes, ones);
    }

    // Schneier's published first and last subkey words and box entries of Blowfish
    [Fact]
    public void Pi_gives_the_initial_state_of_blowfish()
    {
        uint[] state = BlowfishState.PiFraction(1042);
        Assert.Equal(1042, state.Length);
        Assert.Equal([0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u], state[..4]);
        Assert.Equal(0x8979fb1bu, state[17]);
        Assert.Equal(0xd1310ba6u, state[18]);
        Assert.Equal(0x3ac372e6u, state[1041]);
    }
}
