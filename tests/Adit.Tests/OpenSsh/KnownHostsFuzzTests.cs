using System.Text;
using Adit.OpenSsh;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.OpenSsh;

/// <summary>Files that nobody meant to write: they may be warned of, and never throw nor make an unknown host known.</summary>
public sealed class KnownHostsFuzzTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private string Good => keys.Fill(
        "db,web {other}\n@cert-authority *.example {ca}\n@revoked * {rsa}\n|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM= {ecdsa}\n[db]:99 {weak}\n");

    [Fact]
    public void Any_bytes_are_read()
    {
        Gen<byte[]> bytes = Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(bytes.ToArbitrary(), LooksUpSafely));
    }

    [Fact]
    public void Any_words_of_the_format_are_read()
    {
        Gen<string> word = Gen.Elements([
            " ", "\t", "\n", "\r", "\0", "#", "|1|", "|", "@", "@revoked", "@cert-authority ", "*", "?", "!", ",", "[db]:99", "db ",
            "ssh-rsa ", "ssh-ed25519 ", "AAAA", "AAAAC3NzaC1lZDI1NTE5", "=", .. keys.Fill("{other} {weak} {dsa} {broken} {expired}").Split(' ')]);
        Gen<byte[]> files = word.ArrayOf().Select(static words => Encoding.UTF8.GetBytes(string.Concat(words)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(files.ToArbitrary(), LooksUpSafely));
    }

    [Fact]
    public void A_file_with_a_changed_byte_is_read()
    {
        byte[] good = Encoding.UTF8.GetBytes(Good);
        Gen<byte[]> mutants = Gen.Choose(0, good.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value =>
        {
            byte[] mutant = [.. good];
            mutant[at] = (byte)value;
            return mutant;
        }));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(mutants.ToArbitrary(), LooksUpSafely));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_read()
    {
        byte[] good = Encoding.UTF8.GetBytes(Good);
        for (int length = 0; length <= good.Length; length++)
            LooksUpSafely(good[..length]);
    }

    // The key ed is in no file here: whatever becomes of a line, it is not known by it.
    private void LooksUpSafely(byte[] file)
    {
        string path = Path.Combine(keys.Folder, "fuzz");
        File.WriteAllBytes(path, file);
        var warnings = new List<string>();
        KnownHosts known = KnownHosts.Load([path], warnings.Add);
        foreach (int port in (int[])[22, 99])
        {
            Assert.NotEqual(HostKeyStatus.Known, known.Check("db", port, keys["ed"], HostKeys.Now).Status);
            Assert.Equal(2, known.Prefer("db", port, ["ssh-ed25519", "rsa-sha2-512"]).Count);
        }

        Assert.All(warnings, warning => Assert.StartsWith(path + ":", warning, StringComparison.Ordinal));
    }
}
