using System.Text;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;
using static Adit.Ssh.Tests.Keys.KeyFileTests;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Key files that are cut off, damaged or put together by somebody who means ill.</summary>
[Collection(SshKeygenTests.Name)]
public sealed class KeyFileDamageTests(SshKeygen keygen)
{
    private const string Begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    private const string End = "\n-----END OPENSSH PRIVATE KEY-----\n";

    private static readonly byte[] Passphrase = Encoding.UTF8.GetBytes(SshKeygen.Passphrase);

    public static TheoryData<string> Kinds => ["ed25519", "ecdsa-256", "ecdsa-521", "rsa-2048"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_file_cut_off_at_any_byte_is_refused(string kind)
    {
        byte[] file = File.ReadAllBytes(keygen.PlainKey(kind));
        for (int length = 0; length < file.Length - 1; length++)
        {
            byte[] cut = file[..length];
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(cut, "k"));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_cut_off_at_any_byte_inside_its_file_is_refused(string kind)
    {
        byte[] content = Content(File.ReadAllBytes(keygen.PlainKey(kind)));
        for (int length = 0; length < content.Length; length++)
        {
            byte[] cut = Armored(content.AsSpan(0, length));
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(cut, "k"));
        }

        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Armored([.. content, 0]), "k"));
    }

    [Theory]
    [InlineData("aes256-ctr")]
    [InlineData("aes256-gcm@openssh.com")]
    [InlineData("chacha20-poly1305@openssh.com")]
    public void An_encrypted_key_cut_off_at_any_byte_is_refused(string cipher)
    {
        byte[] content = Content(File.ReadAllBytes(keygen.Rewritten("ed25519", SshKeygen.Passphrase, "-a", "1", "-Z", cipher)));
        for (int length = 0; length < content.Length; length++)
        {
            byte[] cut = Armored(content.AsSpan(0, length));
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(cut, "k", Passphrase));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_with_a_bit_flipped_is_refused_or_still_the_same_key(string kind)
    {
        byte[] content = Content(File.ReadAllBytes(keygen.PlainKey(kind)));
        using SshPrivateKey original = SshPrivateKey.Parse(Armored(content), "k");

        // Imports into the platform take their time; every seventh bit meets each field and each place within a byte.
        int step = kind == "ed25519" ? 1 : 7;
        for (int bit = 0; bit < content.Length * 8; bit += step)
        {
            byte[] flipped = [.. content];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertRefusedOrSame(original, flipped, default, bit);
        }
    }

    [Theory]
    [InlineData("aes256-ctr", false)]
    [InlineData("aes256-cbc", false)]
    [InlineData("aes256-gcm@openssh.com", true)]
    [InlineData("chacha20-poly1305@openssh.com", true)]
    public void An_encrypted_key_with_a_bit_flipped_is_refused_or_still_the_same_key(string cipher, bool authenticated)
    {
        byte[] content = Content(File.ReadAllBytes(keygen.Rewritten("ed25519", SshKeygen.Passphrase, "-a", "1", "-Z", cipher)));
        using SshPrivateKey original = SshPrivateKey.Parse(Armored(content), "k", Passphrase);
        int privateSection = content.Length - 160 - (authenticated ? 16 : 0);
        int rounds = "openssh-key-v1\0".Length + 4 + cipher.Length + 4 + "bcrypt".Length + 4 + 4 + 16;
        for (int bit = 0; bit < content.Length * 8; bit += 29)
        {
            if (bit / 8 >= rounds && bit / 8 < rounds + sizeof(uint))
                continue; // thousands of rounds would be served, and take their time

            byte[] flipped = [.. content];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            bool opened = AssertRefusedOrSame(original, flipped, Passphrase, bit);
            Assert.False(opened && authenticated && bit / 8 >= privateSection, $"bit {bit}");
        }
    }

    [Fact]
    public void Bytes_of_a_PEM_file_may_change_at_random_and_nothing_but_refusals_comes_out()
    {
        int refused = 0;
        foreach (string form in (string[])["PEM", "PKCS8"])
        {
            byte[] file = File.ReadAllBytes(keygen.Rewritten("ecdsa-256", string.Empty, "-m", form));
            for (int i = 0; i < file.Length; i++)
            {
                byte[] changed = [.. file];
                changed[i] = (byte)((changed[i] + 1) % 128);
                try
                {
                    SshPrivateKey.Parse(changed, "k").Dispose();
                }
                catch (SshKeyException)
                {
                    refused++;
                }
            }

            for (int length = 0; length < file.Length - 1; length++)
                Assert.Throws<SshKeyException>(() => SshPrivateKey.Parse(file.AsSpan(0, length), "k"));
        }

        Assert.True(refused > 200, $"{refused}");
    }

    [Fact]
    public void A_private_key_under_the_public_key_of_another_is_refused()
    {
        using SshPrivateKey mine = SshPrivateKey.Generate("ssh-ed25519");
        using SshPrivateKey other = SshPrivateKey.Generate("ssh-ed25519");
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(KeyFile(other.PublicKey, Fields(mine, mine.PublicKey)), "k"));
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(KeyFile(other.PublicKey, Fields(mine, other.PublicKey)), "k"));
        using SshPrivateKey again = SshPrivateKey.Parse(KeyFile(mine.PublicKey, Fields(mine, mine.PublicKey)), "k");
        Signatures.AssertUsable(again);
    }

    [Theory]
    [InlineData("ecdsa-256")]
    [InlineData("ecdsa-384")]
    [InlineData("ecdsa-521")]
    public void An_ECDSA_number_that_does_not_make_the_point_is_refused(string kind)
    {
        SshPublicKey key = PublicKey(kind);
        byte[] order = new byte[(key.Bits + 7) / 8];
        foreach (byte[] d in (byte[][])[[], [1], [2], [.. Enumerable.Repeat((byte)0xff, order.Length)], [1, .. order], TestBytes.Of(order.Length)])
        {
            byte[] file = KeyFile(key, Section(key, (ref SshWriter writer) =>
            {
                writer.WriteBytes(PublicFields(key));
                writer.WriteMpint(d);
            }));
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(file, "k"));
        }
    }

    [Fact]
    public void RSA_numbers_that_do_not_belong_together_are_refused()
    {
        SshPublicKey key = PublicKey("rsa-2048");
        byte[][] numbers = RsaNumbers("rsa-2048");
        using (SshPrivateKey whole = SshPrivateKey.Parse(RsaKeyFile(key, numbers), "k"))
            Signatures.AssertUsable(whole);

        for (int changed = 2; changed < numbers.Length; changed++)
        {
            byte[] one = [.. numbers[changed]];
            one[^1] ^= 2;
            foreach (byte[] wrong in (byte[][])[[], [1], [2], one, [.. numbers[changed], 0], [1, .. numbers[0]]])
            {
                byte[][] others = [.. numbers];
                others[changed] = wrong;
                AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(RsaKeyFile(key, others), "k"));
            }
        }

        // p and q may not change places: iqmp is the inverse of q.
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(RsaKeyFile(key, [.. numbers[..4], numbers[5], numbers[4]]), "k"));
    }

    [Theory]
    [InlineData(0u, SshKeyError.Malformed)]
    [InlineData(10_001u, SshKeyError.Unsupported)]
    [InlineData(uint.MaxValue, SshKeyError.Unsupported)]
    public void An_impossible_number_of_rounds_is_refused_at_once(uint rounds, SshKeyError kind)
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        byte[] file = Encrypted(key.PublicKey, "aes256-ctr", "bcrypt", new byte[16], rounds);
        AssertKind(kind, () => SshPrivateKey.Parse(file, "k", Passphrase));
    }

    [Theory]
    [InlineData("aes256-ctr", "none")]
    [InlineData("none", "bcrypt")]
    [InlineData("aes256-ctr", "scrypt")]
    [InlineData("rijndael-cbc@lysator.liu.se", "bcrypt")]
    public void A_cipher_or_derivation_that_is_not_served_is_refused(string cipher, string derivation)
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Encrypted(key.PublicKey, cipher, derivation, new byte[16], 1), "k", Passphrase));
    }

    [Fact]
    public void An_empty_salt_is_refused()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Encrypted(key.PublicKey, "aes256-ctr", "bcrypt", [], 1), "k", Passphrase));
    }

    [Fact]
    public void A_file_that_says_it_holds_several_keys_is_refused()
    {
        byte[] content = Content(File.ReadAllBytes(keygen.PlainKey("ed25519")));
        int count = "openssh-key-v1\0".Length + 4 + 4 + 4 + 4 + 4;
        content[count + 3] = 2;
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Armored(content), "k"));
    }

    [Theory]
    [InlineData("sk-ssh-ed25519@openssh.com")]
    [InlineData("ssh-dss")]
    [InlineData("ssh-ed25519-cert-v01@openssh.com")]
    public void A_private_section_of_another_type_is_refused(string type)
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        var section = new SshWriter(stackalloc byte[512]);
        section.WriteUInt64(0);
        section.WriteString(type);
        section.WriteBytes(PublicFields(key.PublicKey));
        while (section.Length % 8 != 0)
            section.WriteByte(0);
        byte[] file = KeyFile(key.PublicKey, section.ToArray());
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "k"));
    }

    [Fact]
    public void Check_numbers_that_differ_in_a_plain_file_are_damage_and_no_wrong_passphrase()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        byte[] section = Fields(key, key.PublicKey);
        section[0] ^= 1;
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(KeyFile(key.PublicKey, section), "k"));
    }

    private delegate void Writing(ref SshWriter writer);

    private static bool AssertRefusedOrSame(SshPrivateKey original, byte[] content, byte[]? passphrase, int bit)
    {
        try
        {
            using SshPrivateKey read = SshPrivateKey.Parse(Armored(content), "k", passphrase);
            Assert.True(original.PublicKey.Equals(read.PublicKey), $"bit {bit}");
            string algorithm = read.PublicKey.SignatureAlgorithms[0];
            Assert.True(original.PublicKey.Verify(algorithm, "data"u8, read.Sign(algorithm, "data"u8.ToArray())), $"bit {bit}");
            return true;
        }
        catch (SshKeyException)
        {
            return false;
        }
    }

    private static byte[] Content(byte[] file) =>
        Convert.FromBase64String(string.Concat(Encoding.ASCII.GetString(file).TrimEnd('\n').Split('\n')[1..^1]));

    private static byte[] Armored(ReadOnlySpan<byte> content) => Encoding.ASCII.GetBytes(Begin + Convert.ToBase64String(content) + End);

    private static byte[] PublicFields(SshPublicKey key) => key.Blob.Span[(4 + key.KeyType.Length)..].ToArray();

    private static byte[] Fields(SshPrivateKey key, SshPublicKey shown)
    {
        var reader = new SshReader(Content(key.ToOpenSshFormat()));
        reader.ReadBytes("openssh-key-v1\0".Length + (4 * 5) + 4);
        reader.ReadString();
        byte[] section = reader.ReadString().ToArray();
        int publicPart = section.AsSpan().IndexOf(key.PublicKey.Blob.Span[^32..]);
        shown.Blob.Span[^32..].CopyTo(section.AsSpan(publicPart));
        return section;
    }

    private static byte[] Section(SshPublicKey key, Writing fields)
    {
        var section = new SshWriter(stackalloc byte[4096]);
        section.WriteUInt64(0);
        section.WriteString(key.KeyType);
        fields(ref section);
        section.WriteString("comment");
        for (byte padding = 1; section.Length % 8 != 0; padding++)
            section.WriteByte(padding);
        return section.ToArray();
    }

    private static byte[] KeyFile(SshPublicKey key, byte[] section)
    {
        var file = new SshWriter(stackalloc byte[4096]);
        file.WriteBytes("openssh-key-v1\0"u8);
        file.WriteString("none");
        file.WriteString("none");
        file.WriteString(string.Empty);
        file.WriteUInt32(1);
        file.WriteString(key.Blob.Span);
        file.WriteString(section);
        return Armored(file.Written);
    }

    private static byte[] Encrypted(SshPublicKey key, string cipher, string derivation, byte[] salt, uint rounds)
    {
        var options = new SshWriter(stackalloc byte[64]);
        options.WriteString(salt);
        options.WriteUInt32(rounds);
        var file = new SshWriter(stackalloc byte[1024]);
        file.WriteBytes("openssh-key-v1\0"u8);
        file.WriteString(cipher);
        file.WriteString(derivation);
        file.WriteString(options.Written);
        file.WriteUInt32(1);
        file.WriteString(key.Blob.Span);
        file.WriteString(new byte[64]);
        return Armored(file.Written);
    }

    private static byte[] RsaKeyFile(SshPublicKey key, byte[][] numbers) => KeyFile(key, Section(key, (ref SshWriter writer) =>
    {
        foreach (byte[] number in numbers)
            writer.WriteMpint(number);
    }));

    private byte[][] RsaNumbers(string kind)
    {
        var file = new SshReader(Content(File.ReadAllBytes(keygen.PlainKey(kind))));
        file.ReadBytes("openssh-key-v1\0".Length + (4 * 5) + 4);
        file.ReadString();
        var section = new SshReader(file.ReadString());
        section.ReadUInt64();
        section.ReadName();
        byte[][] numbers = new byte[6][];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = section.ReadMpint().ToArray();
        return numbers;
    }

    private SshPublicKey PublicKey(string kind) => SshPrivateKey.PeekPublicKey(File.ReadAllBytes(keygen.PlainKey(kind)))!;
}
