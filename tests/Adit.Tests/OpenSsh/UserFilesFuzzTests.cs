using System.Net;
using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.OpenSsh;

/// <summary>Users' files that nobody meant to write: they may be warned of, and never throw nor let in who is not in them.</summary>
public sealed class UserFilesFuzzTests : IClassFixture<UserKeys>
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1");

    private readonly UserKeys _keys;
    private readonly SshPublicKey _absent;
    private readonly SshPublicKey _certificate;
    private readonly byte[] _good;

    public UserFilesFuzzTests(UserKeys keys)
    {
        _keys = keys;
        _absent = keys["absent"];
        _certificate = keys.Certify("otherca", "-n", "nobody-of-this-name");
        _good = Encoding.UTF8.GetBytes(keys.Fill(
            "# x\nrestrict,from=\"10.0.0.0/8,!10.1.*\",command=\"a \\\"b\\\"\",permitopen=\"[::1]:5432\",expiry-time=\"20300101Z\" {ed} one\ncert-authority,principals=\"a,b\" {ca}\n{rsa}\n"));
    }

    [Fact]
    public void Any_bytes_are_read() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf().ToArbitrary(), ReadsSafely));

    [Fact]
    public void Any_words_of_the_formats_are_read()
    {
        Gen<string> word = Gen.Elements([
            " ", "\t", "\n", "\r", "\0", "#", ",", "=", "\"", "\\\"", "\\", "!", "*", "?", "/", ":", "[", "]", "%", "-", "no-", "restrict", "pty", "command", "from=\"", "\"",
            "expiry-time=\"", "20300101", "Z", "permitopen=\"", "permitlisten=\"", "tunnel=\"", "environment=\"", "principals=\"", "cert-authority", "10.0.0.0", "/8", "2001:db8::",
            "::ffff:1.2.3.4", "5432", "ssh-ed25519 ", "AAAA", .. _keys.Fill("{ed} {rsa} {ca}").Split(' ')]);
        Gen<byte[]> files = word.ArrayOf().Select(static words => Encoding.UTF8.GetBytes(string.Concat(words)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(files.ToArbitrary(), ReadsSafely));
    }

    [Fact]
    public void A_file_with_a_changed_byte_is_read()
    {
        Gen<byte[]> mutants = Gen.Choose(0, _good.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value =>
        {
            byte[] mutant = [.. _good];
            mutant[at] = (byte)value;
            return mutant;
        }));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(mutants.ToArbitrary(), ReadsSafely));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_read()
    {
        for (int length = 0; length <= _good.Length; length++)
            ReadsSafely(_good[..length]);
    }

    private void ReadsSafely(byte[] file)
    {
        var warnings = new List<string>();
        AuthorizedKeys keys = AuthorizedKeys.Parse(file, "keys", warnings.Add);
        Assert.Empty(keys.For(_absent));
        Assert.All(keys.For(_certificate), line => Assert.NotNull(line.Refusal(_certificate.Certificate, "alice", Here, UserKeys.Now)));
        foreach (AuthorizedKey line in keys.Lines)
        {
            line.Refusal(null, "alice", Here, UserKeys.Now);
            line.Refusal(_certificate.Certificate, "alice", Here, UserKeys.Now);
        }

        PrincipalsFile principals = PrincipalsFile.Parse(file, "keys", warnings.Add);
        Assert.Null(principals.Find(_certificate.Certificate!));
        Assert.All(warnings, static warning => Assert.StartsWith("keys:", warning, StringComparison.Ordinal));

        string text = Encoding.UTF8.GetString(file);
        ReadsOrRefuses(() => KeyOptions.Parse(text).Refusal(Here, UserKeys.Now));
        ReadsOrRefuses(() => AddressPatternList.Parse(text).Contains(Here));
        ReadsOrRefuses(() => AddressPatternList.ParseCidrOnly(text).Contains(IPAddress.IPv6Loopback));
        ReadsOrRefuses(() => ExpiryTime.Parse(text, TimeZoneInfo.Utc));
    }

    private static void ReadsOrRefuses(Func<object?> read)
    {
        Exception? thrown = Record.Exception(read);
        Assert.True(thrown is null or FormatException, thrown?.ToString());
    }
}
