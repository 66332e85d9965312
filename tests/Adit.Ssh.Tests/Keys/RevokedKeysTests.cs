using System.Globalization;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Revocation lists that ssh-keygen -k makes, and its verdicts on them.</summary>
[Collection(KeyFolderCollection.Name)]
public sealed class RevokedKeysTests(KeyFolder folder)
{
    [Fact]
    public async Task Lists_of_all_kinds_of_entries_revoke_what_ssh_keygen_says_they_do()
    {
        RevocationSubject[] subjects = await RevocationSubject.MakeAsync(folder);
        var random = new Random(4711);
        int revoked = 0, accepted = 0;
        for (int round = 0; round < 40; round++)
        {
            string list = folder.NewPath("list");
            var lines = new List<string>();
            foreach (string signer in RevocationSubject.SignerTypes.Append("none").Where(_ => random.Next(2) == 0).DefaultIfEmpty("none"))
            {
                string path = signer == "none" ? signer : await folder.KeyAsync(signer) + ".pub";
                string[] added = [.. Enumerable.Range(0, random.Next(1, 5)).SelectMany(_ => Specification(random, subjects))];
                await RevocationSubject.WriteListAsync(folder, list, path, added);
                lines.AddRange(added.Prepend($"({signer})"));
            }

            IEnumerable<bool> verdicts = await AssertSameVerdictsAsync(list, subjects, string.Join('\n', lines));
            revoked += verdicts.Count(static verdict => verdict);
            accepted += verdicts.Count(static verdict => !verdict);
        }

        Assert.True(revoked > 300 && accepted > 300, $"{revoked} revoked, {accepted} accepted");
    }

    [Theory]
    [InlineData("serial: 7", 0x20)]
    [InlineData("serial: 18446744073709551615", 0x20)]
    [InlineData("serial: 1-18446744073709551615", 0x21)]
    [InlineData("serial: 2-16384", 0x21)]
    [InlineData("serial: 18446744073709551500-18446744073709551614", 0x21)]
    public async Task Serials_in_a_list_or_range_revoke_what_ssh_keygen_says_they_do(string line, byte section)
    {
        string list = folder.NewPath("list"), signer = await folder.KeyAsync("ssh-ed25519") + ".pub";
        await RevocationSubject.WriteListAsync(folder, list, signer, line);
        AssertSection(list, signer, section);
        await AssertSameVerdictsAsync(list, await RevocationSubject.MakeAsync(folder), line);
    }

    [Theory]
    [InlineData(1UL, 2)]
    [InlineData(2UL, 3)]
    [InlineData(15_000UL, 7)]
    [InlineData(18446744073709550000UL, 5)]
    public async Task Serials_in_a_bitmap_revoke_what_ssh_keygen_says_they_do(ulong first, uint step)
    {
        string list = folder.NewPath("list"), signer = await folder.KeyAsync("ssh-ed25519") + ".pub";
        ulong[] serials = [.. Enumerable.Range(0, 1500 / (int)step).Select(i => first + ((ulong)i * step))];
        await RevocationSubject.WriteListAsync(folder, list, signer, serials.Select(static serial => $"serial: {serial}"));
        AssertSection(list, signer, 0x22);
        await AssertSameVerdictsAsync(list, await RevocationSubject.MakeAsync(folder), $"{first}, {step}");
        await AssertSerialsAsync(list, [.. serials, serials[^1] + 1]);
    }

    // ssh-keygen 9.2 writes such bitmaps and does not read them again: its numbers end at 16384 bits.
    [Fact]
    public async Task A_bitmap_larger_than_ssh_keygen_reads_revokes_the_serials_it_was_made_of()
    {
        string list = folder.NewPath("list"), signer = await folder.KeyAsync("ssh-ed25519") + ".pub";
        await RevocationSubject.WriteListAsync(folder, list, signer, Enumerable.Range(0, 30_000).Select(static i => $"serial: {1 + (2 * i)}"));
        AssertSection(list, signer, 0x22);
        RevokedKeys revoked = Parse(list);
        foreach ((ulong serial, bool expected) in ((ulong, bool)[])[(1, true), (2, false), (16385, true), (16384, false), (59_999, true), (60_001, false)])
        {
            SshPublicKey key = (await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", serial, "x")).Key;
            Assert.Equal(expected, revoked.Refuses(key) is not null);
        }
    }

    [Fact]
    public async Task A_refusal_says_by_what_and_in_which_file()
    {
        SshPublicKey stranger = (await RevocationSubject.StrangerAsync(folder)).Key;
        SshPublicKey key = (await RevocationSubject.CertificateAsync(folder, "ecdsa-sha2-nistp384", "ssh-ed25519", 7, "key\u202e id")).Key;
        SshPublicKey plain = key.WithoutCertificate, signer = key.Certificate!.SigningKey;
        (string Line, string? Plain, string? Certificate)[] cases =
        [
            ("serial: 7", null, "revoked by serial 7 (FILE)"),
            ("serial: 5-9", null, "revoked by serial 7 (FILE)"),
            ("id: key\u202e id", null, "revoked by key id \"key? id\" (FILE)"),
            ($"key: {plain}", "revoked by key (FILE)", "revoked by key (FILE)"),
            ($"sha1: {plain}", "revoked by SHA1 fingerprint (FILE)", "revoked by SHA1 fingerprint (FILE)"),
            ($"sha256: {plain}", "revoked by SHA256 fingerprint (FILE)", "revoked by SHA256 fingerprint (FILE)"),
            ($"hash: {plain.Fingerprint}", "revoked by SHA256 fingerprint (FILE)", "revoked by SHA256 fingerprint (FILE)"),
            ($"{key}", null, "revoked by serial 7 (FILE)"),
            ($"key: {signer}", null, "signed by a key that is revoked by key (FILE)"),
            ($"sha1: {signer}", null, "signed by a key that is revoked by SHA1 fingerprint (FILE)"),
            ($"sha256: {signer}", null, "signed by a key that is revoked by SHA256 fingerprint (FILE)"),
            ("serial: 6", null, null), ("serial: 8-9", null, null), ("id: key", null, null), ("id: Key\u202e id", null, null), ($"key: {stranger}", null, null),
        ];
        foreach ((string line, string? ofPlain, string? ofCertificate) in cases)
        {
            string list = folder.NewPath("list");
            await RevocationSubject.WriteListAsync(folder, list, await folder.KeyAsync("ssh-ed25519") + ".pub", line);
            RevokedKeys revoked = RevokedKeys.Parse(await File.ReadAllBytesAsync(list), "FILE");
            Assert.Equal((line, ofPlain, ofCertificate), (line, revoked.Refuses(plain), revoked.Refuses(key)));
        }

    }

    [Fact]
    public async Task A_certificate_without_a_serial_is_revoked_by_its_key_id_and_never_by_serials()
    {
        RevocationSubject unnumbered = await RevocationSubject.CertificateAsync(folder, "ssh-rsa", "ssh-ed25519", 0, "left");
        string list = folder.NewPath("list");
        await RevocationSubject.WriteListAsync(folder, list, "none", "serial: 1-18446744073709551615");
        Assert.Equal([false], await AssertSameVerdictsAsync(list, [unnumbered], "serials"));
        await RevocationSubject.WriteListAsync(folder, list, "none", "id: left");
        Assert.Equal([true], await AssertSameVerdictsAsync(list, [unnumbered], "id"));
    }

    [Fact]
    public async Task Serials_and_key_ids_of_one_signer_do_not_revoke_certificates_of_another()
    {
        RevocationSubject[] subjects =
        [
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", 5, "x"),
            await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ecdsa-sha2-nistp521", 5, "x"),
        ];
        string of = folder.NewPath("list"), ofAll = folder.NewPath("list");
        foreach (string line in (string[])["serial: 5", "id: x"])
        {
            await RevocationSubject.WriteListAsync(folder, of, await folder.KeyAsync("ecdsa-sha2-nistp521") + ".pub", line);
            await RevocationSubject.WriteListAsync(folder, ofAll, "none", line);
            Assert.Equal([false, true], await AssertSameVerdictsAsync(of, subjects, line));
            Assert.Equal([true, true], await AssertSameVerdictsAsync(ofAll, subjects, line));
        }
    }

    [Fact]
    public async Task Keys_that_are_not_served_may_be_revoked_along_with_others()
    {
        string weak = folder.NewPath("weak"), dsa = folder.NewPath("dsa"), list = folder.NewPath("list");
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", weak]);
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-t", "dsa", "-N", "", "-f", dsa]);
        RevocationSubject stranger = await RevocationSubject.StrangerAsync(folder);
        await RevocationSubject.WriteListAsync(folder, list, weak + ".pub", "serial: 7", $"key: {await File.ReadAllTextAsync(dsa + ".pub")}");
        await RevocationSubject.WriteListAsync(folder, list, dsa + ".pub", $"key: {stranger.Key}", "id: x");
        Assert.Equal([true], await AssertSameVerdictsAsync(list, [stranger], "weak"));
    }

    [Fact]
    public void Ranges_of_serials_in_any_order_hold_what_was_put_in()
    {
        var random = new Random(7);
        for (int round = 0; round < 200; round++)
        {
            var serials = new RevokedSerials();
            ulong start = random.Next(2) == 0 ? 1 : ulong.MaxValue - 299;
            bool[] expected = new bool[300];
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                int first = random.Next(300), last = Math.Min(299, first + random.Next(12));
                serials.Add(start + (ulong)first, start + (ulong)last);
                expected.AsSpan(first..(last + 1)).Fill(true);
            }

            serials.Sort();
            Assert.Equal(expected, Enumerable.Range(0, 300).Select(i => serials.Contains(start + (ulong)i)));
            int ranges = Enumerable.Range(0, 300).Count(i => expected[i] && (i == 0 || !expected[i - 1]));
            Assert.Equal(ranges, serials.Count);
        }
    }

    private static RevokedKeys Parse(string list) => RevokedKeys.Parse(File.ReadAllBytes(list), list);

    private static async Task<IEnumerable<bool>> AssertSameVerdictsAsync(string list, IReadOnlyList<RevocationSubject> subjects, string what)
    {
        RevokedKeys revoked = Parse(list);
        bool[] expected = Assert.IsType<bool[]>(await RevocationSubject.RevokedByKeygenAsync(list, subjects));
        for (int i = 0; i < subjects.Count; i++)
        {
            string? refusal = revoked.Refuses(subjects[i].Key);
            SshCertificate? certificate = subjects[i].Key.Certificate;
            string subject = $"{subjects[i].Key.KeyType} {certificate?.Serial} {certificate?.KeyId} by {certificate?.SigningKey.KeyType}";
            Assert.True(expected[i] == refusal is not null, $"{subject}: ssh-keygen: {expected[i]}, we: {refusal}\n{what}");
        }

        return expected;
    }

    /// <summary>Asks about certificates with just these serials and those around them, as they come.</summary>
    private async Task AssertSerialsAsync(string list, ulong[] serials)
    {
        ulong[] asked = [serials[0], serials[0] + 1, serials[serials.Length / 2], serials[serials.Length / 2] + 1, serials[^2], serials[^1]];
        var subjects = new List<RevocationSubject>();
        foreach (ulong serial in asked)
            subjects.Add(await RevocationSubject.CertificateAsync(folder, "ssh-ed25519", "ssh-ed25519", serial, "x"));
        Assert.Equal([true, false, true, false, true, false], await AssertSameVerdictsAsync(list, subjects, "asked"));
    }

    /// <summary>The first section in the list, one for certificates of the signer, begins with a section of this type.</summary>
    private static void AssertSection(string list, string signer, byte expected)
    {
        const int header = 8 + 4 + 8 + 8 + 8 + 4 + 4, reserved = 4;
        int place = header + 1 + 4 + 4 + KeyFolder.ReadPublic(signer).Blob.Length + reserved;
        Assert.Equal(expected, File.ReadAllBytes(list)[place]);
    }

    private static IEnumerable<string> Specification(Random random, RevocationSubject[] subjects)
    {
        ulong serial = Math.Max(1, RevocationSubject.Serials[random.Next(RevocationSubject.Serials.Length)]);
        SshPublicKey key = subjects[random.Next(subjects.Length)].Key;
        ulong length = (ulong)random.Next(1, 100_000), step = (ulong)random.Next(2, 6);
        return random.Next(9) switch
        {
            0 => [string.Create(CultureInfo.InvariantCulture, $"serial: {serial}")],
            1 => [$"serial: {Math.Min(serial, ulong.MaxValue - 1)}-{(serial > ulong.MaxValue - length ? ulong.MaxValue : serial + length)}"],
            2 => [$"serial: {(serial <= length ? 1 : serial - length)}-{Math.Max(serial, 2)}"],
            3 => Enumerable.Range(0, 400).Select(i => serial + ((ulong)i * step)).Where(each => each >= serial).Select(static each => $"serial: {each}"),
            4 => [$"id: id {random.Next(5)}"],
            5 => [$"key: {key.WithoutCertificate}"],
            6 => [$"sha1: {key}"],
            7 => [$"sha256: {key}", $"hash: {subjects[random.Next(subjects.Length)].Key.Fingerprint}"],
            _ => [key.ToString()],
        };
    }
}
