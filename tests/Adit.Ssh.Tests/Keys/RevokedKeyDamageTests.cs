using System.Buffers.Binary;
using System.Text;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Revocation lists that are cut off, damaged, over a limit, or put together by hand.</summary>
[Collection(KeyFolderCollection.Name)]
public sealed class RevokedKeyDamageTests(KeyFolder folder)
{
    private const byte Certificates = 1, Keys = 2, Sha1 = 3, Signature = 4, Sha256 = 5, Extension = 255;
    private const byte SerialList = 0x20, SerialRange = 0x21, SerialBitmap = 0x22, KeyIds = 0x23, CertificateExtension = 0x39;
    private const int HeaderLength = 8 + 4 + 8 + 8 + 8 + 4 + 4;

    private static readonly byte[] AnyKey = KeyBytes.Ed25519(new byte[32]);

    [Fact]
    public async Task A_list_cut_off_at_any_byte_is_refused_or_read_just_as_ssh_keygen_does()
    {
        (byte[] list, RevocationSubject[] subjects) = await EverythingAsync();
        Outcome[] outcomes = await OutcomesAsync(Enumerable.Range(1, list.Length).Select(length => list[..length]), subjects);
        Assert.All(outcomes, static outcome => Assert.Equal(outcome.Keygen, outcome.Ours));

        // A cut between two sections cannot be seen: behind the header and each of the five.
        Assert.Equal(6, outcomes.Count(static outcome => outcome.Ours is not null));
        Assert.Equal("1111101", outcomes[^1].Ours);
    }

    [Fact]
    public async Task A_list_with_a_bit_flipped_is_refused_where_ssh_keygen_refuses_it_and_else_revokes_the_same()
    {
        (byte[] list, RevocationSubject[] subjects) = await EverythingAsync();
        Outcome[] outcomes = await OutcomesAsync(Enumerable.Range(0, list.Length).Select(i => Changed(list, i, (byte)(1 << (i % 8)))), subjects);
        Assert.All(outcomes, static outcome => Assert.True(outcome.Ours is null || outcome.Ours == outcome.Keygen, $"{outcome}"));
        Assert.InRange(outcomes.Count(static outcome => outcome.Ours is null), 50, list.Length - 50);

        // We are stricter only with what cannot be the name of a key's type.
        Assert.InRange(outcomes.Count(static outcome => outcome.Ours is null && outcome.Keygen is not null), 0, 20);
    }

    [Fact]
    public async Task A_list_with_any_byte_changed_to_any_other_is_read_or_refused_as_a_key_exception()
    {
        (byte[] made, RevocationSubject[] subjects) = await EverythingAsync();
        byte[] list = [.. made, .. Section(Extension, NewExtension("x@example.org", critical: false)), .. Section(Signature, AnyKey), .. Text("s")];
        int read = 0;
        for (int i = 0; i < list.Length; i++)
        {
            for (int flip = 1; flip < 256; flip++)
            {
                try
                {
                    RevokedKeys revoked = RevokedKeys.Parse(Changed(list, i, (byte)flip), "FILE");
                    Assert.All(subjects, subject => revoked.Refuses(subject.Key));
                    read++;
                }
                catch (SshKeyException e)
                {
                    Assert.StartsWith("FILE", e.Message, StringComparison.Ordinal);
                }
            }
        }

        Assert.InRange(read, 1, list.Length * 255);
    }

    [Fact]
    public void What_is_malformed_is_refused_with_its_place()
    {
        byte[] range = Numbers(9, 8), pair = Numbers(1, 2);
        const int second = HeaderLength + 5 + 8; // behind the section's header, its empty signer and reserved field
        (int Offset, string Message, byte[] List)[] cases =
        [
            (HeaderLength, "needed", List([1, 2, 3, 4])),
            (HeaderLength, "claims", List([Keys, 0, 0, 0, 9, 1])),
            (HeaderLength, "claims", List(Section(Keys, [0, 0, 0, 5, 1]))),
            (HeaderLength, "a certificate stands", List(Section(Keys, Text(Text("ssh-ed25519-cert-v01@openssh.com"))))),
            (HeaderLength, "needed", List(Section(Keys, Text([])))),
            (HeaderLength, "printable", List(Section(Keys, Text(Text("ssh rsa"))))),
            (HeaderLength, "19 bytes instead of 20", List(Section(Sha1, Text(new byte[19])))),
            (HeaderLength, "20 bytes instead of 32", List(Section(Sha256, Text(new byte[20])))),
            (HeaderLength, "a certificate stands", List(Section(Certificates, [.. Text(Text("ssh-rsa-cert-v01@openssh.com")), .. Text([])]))),
            (HeaderLength, "Ed25519 key has", List(Section(Certificates, [.. Text(KeyBytes.Ed25519(new byte[31])), .. Text([])]))),
            (HeaderLength, "needed", List(Section(Certificates, Text([])))),
            (second, "serials from 9 to 8", List(OfAnySigner(Section(SerialRange, range)))),
            (second, "serials from 0 to 8", List(OfAnySigner(Section(SerialRange, Numbers(0, 8))))),
            (second, "left over", List(OfAnySigner(Section(SerialRange, [.. pair, 0])))),
            (second, "needed", List(OfAnySigner(Section(SerialRange, pair[..15])))),
            (second, "serials from 0 to 0", List(OfAnySigner(Section(SerialList, Numbers(7, 0))))),
            (second, "needed", List(OfAnySigner(Section(SerialList, [.. pair, 0])))),
            (second, "serials from 0 to 0", List(OfAnySigner(Bitmap(0, [1])))),
            (second, "negative", List(OfAnySigner(Bitmap(1, [0x80])))),
            (second, "leading zeroes", List(OfAnySigner(Bitmap(1, [0, 1])))),
            (second, "beyond the last", List(OfAnySigner(Bitmap(ulong.MaxValue, [2])))),
            (second, "left over", List(OfAnySigner(Section(SerialBitmap, [.. Numbers(1), .. Text([1]), 0])))),
            (second, "NUL", List(OfAnySigner(Section(KeyIds, Text([65, 0, 65]))))),
            (second + 13, "serials from 0 to 0", List(OfAnySigner([.. Section(SerialList, Numbers(1)), .. Section(SerialList, Numbers(0))]))),
            (second + 5, "serials from 0", List([.. Section(Keys, []), .. OfAnySigner(Section(SerialList, Numbers(0)))])),
            (HeaderLength, "left over", List(Section(Extension, [.. NewExtension("x", critical: false), 0]))),
            (HeaderLength, "needed", List(Section(Signature, AnyKey))),
            (HeaderLength + 5 + AnyKey.Length + 5, "behind the signature", List([.. Section(Signature, AnyKey), .. Text("s"), .. Section(Keys, [])])),
        ];
        foreach ((int offset, string message, byte[] list) in cases)
        {
            SshKeyException refusal = KeyBytes.Refused(SshKeyError.Malformed, () => RevokedKeys.Parse(list, "FILE"));
            Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
            Assert.StartsWith($"FILE, in what starts at byte {offset}: ", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(254)]
    public void An_unknown_section_is_refused(byte type)
    {
        Assert.Contains($"type {type}", Unsupported(Section(type, [])), StringComparison.Ordinal);
        Assert.Contains($"type {type}", Unsupported(OfAnySigner(Section(type, []))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signer_of_an_unknown_type_is_refused() =>
        Assert.Contains("ssh-unknown", Unsupported(Section(Certificates, [.. Text(Text("ssh-unknown")), .. Text([])])), StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    public void An_extension_is_refused_when_it_is_critical_and_skipped_when_not(byte critical)
    {
        byte[] must = NewExtension("x\u001b@example.org", critical: true), may = NewExtension("x@example.org", critical: false);
        must[must.Length - 8] = critical;
        Assert.Contains("x?@example.org", Unsupported(Section(Extension, must)), StringComparison.Ordinal);
        Assert.Contains("x?@example.org", Unsupported(OfAnySigner(Section(CertificateExtension, must))), StringComparison.Ordinal);
        RevokedKeys revoked = RevokedKeys.Parse(
            List([.. OfAnySigner(Section(CertificateExtension, may)), .. Section(Extension, may), .. Section(Keys, Text(AnyKey))]), "FILE");
        Assert.Equal("revoked by key (FILE)", revoked.Refuses(SshPublicKey.Parse(AnyKey)));
    }

    [Fact]
    public void A_list_of_another_version_is_refused()
    {
        byte[] list = List([]);
        list[11] = 2;
        KeyBytes.Refused(SshKeyError.Unsupported, () => RevokedKeys.Parse(list, "FILE"));
    }

    [Fact]
    public void Signatures_at_the_end_are_skipped()
    {
        byte[] signature = [.. Section(Signature, AnyKey), .. Text("signature")];
        RevokedKeys revoked = RevokedKeys.Parse(List([.. Section(Keys, Text(AnyKey)), .. signature, .. signature]), "FILE");
        Assert.Equal("revoked by key (FILE)", revoked.Refuses(SshPublicKey.Parse(AnyKey)));
    }

    [Fact]
    public async Task Sections_of_one_signer_may_come_several_times_and_unsorted()
    {
        SshPublicKey signer = KeyFolder.ReadPublic(await folder.KeyAsync("ssh-ed25519") + ".pub");
        byte[] Of(params byte[] sections) => Section(Certificates, [.. Text(signer.Blob.ToArray()), .. Text("reserved"), .. sections]);
        byte[] list = List(
        [
            .. Of([.. Section(SerialList, Numbers(ulong.MaxValue, 3, 9)), .. Bitmap(ulong.MaxValue - 16, [2, 0])]),
            .. Of(Section(KeyIds, [.. Text("a"), .. Text("b\0"), .. Text([0xff])])), .. Of(), .. Of(Section(SerialRange, Numbers(1, 2))), .. Of(Bitmap(5, [])),
        ]);
        RevokedKeys revoked = RevokedKeys.Parse(list, "FILE");
        (ulong Serial, string KeyId, bool Revoked)[] cases =
        [
            (1, "x", true), (2, "x", true), (3, "x", true), (4, "x", false), (5, "x", false), (9, "x", true), (10, "x", false),
            (ulong.MaxValue, "x", true), (ulong.MaxValue - 6, "x", false), (ulong.MaxValue - 7, "x", true), (ulong.MaxValue - 8, "x", false),
            (0, "a", true), (0, "b", true), (0, "c", false), (0, "A", false),
        ];
        foreach ((ulong serial, string keyId, bool expected) in cases)
        {
            SshPublicKey key = (await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", serial, keyId)).Key;
            Assert.Equal((serial, keyId, expected), (serial, keyId, revoked.Refuses(key) is not null));
        }

        string path = folder.NewPath("list");
        await File.WriteAllBytesAsync(path, list);
        RevocationSubject subject = await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", ulong.MaxValue - 7, "x");
        Assert.Equal("1", Digits(await RevocationSubject.RevokedByKeygenAsync(path, [subject])));
    }

    [Fact]
    public void A_list_over_a_limit_is_refused()
    {
        const int maxRanges = 1 << 22, maxEntries = 1 << 20, maxSigners = 4096;
        byte[] bitmap = new byte[maxRanges / 4];
        bitmap.AsSpan().Fill(0x55);
        AssertLimit("ranges of serials", List(OfAnySigner(Bitmap(1, bitmap))), List(OfAnySigner([.. Bitmap(1, bitmap), .. Section(SerialList, Numbers(ulong.MaxValue))])));

        byte[] fingerprints = new byte[24 * (maxEntries + 1)];
        for (int i = 0; i <= maxEntries; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(fingerprints.AsSpan(24 * i), 20);
            BinaryPrimitives.WriteInt32BigEndian(fingerprints.AsSpan(24 * (i + 1) - 4), i);
        }

        AssertLimit("fingerprints", List(Section(Sha1, fingerprints[..^24])), List(Section(Sha1, fingerprints)));

        byte[] Signer(int i) => Section(Certificates, [.. Text(KeyBytes.Ed25519([.. new byte[28], .. Numbers((ulong)i)[4..]])), .. Text([])]);
        byte[] signers = [.. Enumerable.Range(0, maxSigners).SelectMany(Signer)];
        AssertLimit("signers", List([.. signers, .. Signer(0)]), List([.. signers, .. Signer(maxSigners)]));

        const int maxLines = 1 << 16;
        string line = $"ssh-ed25519 {Convert.ToBase64String(AnyKey)}\n";
        byte[] lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, maxLines)));
        AssertLimit($"line {maxLines + 1}: more than", lines, [.. lines, .. Encoding.ASCII.GetBytes(line)]);

        byte[] comment = new byte[RevokedKeys.MaxFileLength + 1];
        comment[0] = (byte)'#';
        AssertLimit($"{RevokedKeys.MaxFileLength}", comment[..^1], comment);
    }

    /// <summary>A list of ssh-keygen with every section it writes, and subjects that it revokes, each by another one, but for the last but one.</summary>
    private async Task<(byte[] List, RevocationSubject[] Subjects)> EverythingAsync()
    {
        RevocationSubject[] keys = [await RevocationSubject.StrangerAsync(folder), await RevocationSubject.StrangerAsync(folder), await RevocationSubject.StrangerAsync(folder)];
        string list = folder.NewPath("list"), signer = await folder.KeyAsync("ssh-ed25519") + ".pub";
        IEnumerable<string> bitmap = Enumerable.Range(0, 60).Select(static i => $"serial: {900 + (3 * i)}");
        await RevocationSubject.WriteListAsync(folder, list, signer, ["serial: 7", "serial: 200-700", .. bitmap]);
        await RevocationSubject.WriteListAsync(
            folder, list, "none", "id: somebody", "id: x", $"key: {keys[0].Key}", $"sha1: {keys[1].Key}", $"sha256: {keys[2].Key}");
        RevocationSubject[] certificates =
        [
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", 7, "a"),
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", 903, "a"),
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", 904, "a"),
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ecdsa-sha2-nistp256", 904, "x"),
        ];
        return (await File.ReadAllBytesAsync(list), [.. keys, .. certificates]);
    }

    private async Task<Outcome[]> OutcomesAsync(IEnumerable<byte[]> lists, RevocationSubject[] subjects)
    {
        byte[][] all = [.. lists];
        var outcomes = new Outcome[all.Length];
        await Parallel.ForAsync(0, all.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (i, cancel) =>
        {
            string path = folder.NewPath("list");
            await File.WriteAllBytesAsync(path, all[i], cancel);
            outcomes[i] = new(i, Digits(await RevocationSubject.RevokedByKeygenAsync(path, subjects)), Digits(RevokedByUs(all[i], subjects)));
        });
        return outcomes;
    }

    private static bool[]? RevokedByUs(byte[] list, RevocationSubject[] subjects)
    {
        try
        {
            RevokedKeys revoked = RevokedKeys.Parse(list, "FILE");
            return [.. subjects.Select(subject => revoked.Refuses(subject.Key) is not null)];
        }
        catch (SshKeyException)
        {
            return null;
        }
    }

    private static string? Digits(bool[]? verdicts) => verdicts is null ? null : string.Concat(verdicts.Select(static revoked => revoked ? '1' : '0'));

    private static void AssertLimit(string limit, byte[] within, byte[] beyond)
    {
        Assert.NotNull(RevokedKeys.Parse(within, "FILE"));
        SshKeyException refusal = KeyBytes.Refused(SshKeyError.Malformed, () => RevokedKeys.Parse(beyond, "FILE"));
        Assert.Contains(limit, refusal.Message, StringComparison.Ordinal);
    }

    private static string Unsupported(byte[] sections)
    {
        string message = KeyBytes.Refused(SshKeyError.Unsupported, () => RevokedKeys.Parse(List(sections), "FILE")).Message;
        Assert.StartsWith("FILE, in what starts at byte ", message, StringComparison.Ordinal);
        return message;
    }

    private static byte[] List(byte[] sections) => KeyBytes.Of((ref SshWriter writer) =>
    {
        writer.WriteBytes("SSHKRL\n\0"u8);
        writer.WriteUInt32(1);
        writer.WriteBytes(new byte[24]);
        writer.WriteString("");
        writer.WriteString("");
        writer.WriteBytes(sections);
    });

    private static byte[] Section(byte type, byte[] content) => [type, .. Text(content)];

    private static byte[] OfAnySigner(byte[] sections) => Section(Certificates, [.. Text([]), .. Text([]), .. sections]);

    private static byte[] Bitmap(ulong first, byte[] bitmap) => Section(SerialBitmap, [.. Numbers(first), .. Text(bitmap)]);

    private static byte[] Text(byte[] text) => KeyBytes.Of((ref SshWriter writer) => writer.WriteString(text));

    private static byte[] Text(string text) => KeyBytes.Of((ref SshWriter writer) => writer.WriteString(text));

    private static byte[] Numbers(params ulong[] numbers) => KeyBytes.Of((ref SshWriter writer) =>
    {
        foreach (ulong number in numbers)
            writer.WriteUInt64(number);
    });

    private static byte[] NewExtension(string name, bool critical) => [.. Text(name), critical ? (byte)1 : (byte)0, .. Text("abc")];

    private static byte[] Changed(byte[] list, int place, byte flip)
    {
        byte[] changed = [.. list];
        changed[place] ^= flip;
        return changed;
    }

    /// <summary>Who of the subjects is revoked, as a 1 each; null where the list cannot be read.</summary>
    private sealed record Outcome(int Place, string? Keygen, string? Ours);
}
