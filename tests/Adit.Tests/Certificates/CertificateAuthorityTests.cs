using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using Adit.Tests.Shared;
using Adit.Certificates;

namespace Adit.Tests.Certificates;

[Trait("Surface", "S3-24")]
public sealed class CertificateAuthorityTests : IDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly string _root = Directory.CreateTempSubdirectory("adit-ca-").FullName;

    private string Folder => Path.Combine(_root, "ca");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Its_folder_and_its_key_are_its_owners()
    {
        Create();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(Folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(Path.Combine(Folder, "ca.key")));
        Assert.DoesNotContain("PRIVATE", File.ReadAllText(Path.Combine(Folder, "ca.pem")), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_there_stays_unless_it_may_go()
    {
        Create();
        string key = File.ReadAllText(Path.Combine(Folder, "ca.key"));

        Assert.Throws<IOException>(() => Create());
        Assert.Equal(key, File.ReadAllText(Path.Combine(Folder, "ca.key")));

        Create(replace: true);
        Assert.NotEqual(key, File.ReadAllText(Path.Combine(Folder, "ca.key")));
        Open().Dispose();
    }

    [Fact]
    public void A_key_that_others_may_read_is_not_used()
    {
        Create();
        string key = Path.Combine(Folder, "ca.key");
        SetMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Contains("chmod 600", Assert.Throws<CertificateException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_authority_is_not_used()
    {
        Create();
        string key = Path.Combine(Folder, "ca.key");
        string kept = File.ReadAllText(key);
        Create(replace: true);
        File.WriteAllText(key, kept);

        Assert.Throws<CertificateException>(() => Open());
    }

    [Fact]
    public void A_certificate_that_is_no_authority_signs_nothing()
    {
        using X509Certificate2 leaf = Maker.MakeSelfSigned(Wish("db.example.com"));
        CertificateAuthority.Create(Folder, leaf, replace: false);

        Assert.Contains("not the certificate of an authority", Assert.Throws<CertificateException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("ca.key", Assert.Throws<CertificateException>(() => Open()).Message, StringComparison.Ordinal);
        Create();
        File.Delete(Path.Combine(Folder, "ca.pem"));
        Assert.Contains("ca.pem", Assert.Throws<CertificateException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)CertificateKeyKind.Ecdsa)]
    [InlineData((int)CertificateKeyKind.Rsa)]
    public void What_is_revoked_stays_revoked_and_the_list_counts_up(int kind)
    {
        Create((CertificateKeyKind)kind);
        using CertificateAuthority authority = Open();
        using X509Certificate2 first = Maker.MakeSigned(Wish("a.example.com"), authority.Certificate), second = Maker.MakeSigned(Wish("b.example.com"), authority.Certificate);

        Assert.True(authority.Revoke(first));
        Assert.True(authority.Revoke(second));
        Assert.False(authority.Revoke(first));

        (CertificateRevocationListBuilder list, BigInteger number) = ReadList();
        Assert.Equal(2, number);
        Assert.True(list.RemoveEntry(first.SerialNumberBytes.Span));
        Assert.True(list.RemoveEntry(second.SerialNumberBytes.Span));
    }

    [Fact]
    public void Only_what_it_signed_is_revoked()
    {
        Create();
        using CertificateAuthority authority = Open();
        using X509Certificate2 other = Maker.MakeAuthority("Test CA"), foreign = Maker.MakeSigned(Wish("db.example.com"), other), own = Maker.MakeSelfSigned(Wish("db.example.com"));

        Assert.Throws<CertificateException>(() => authority.Revoke(foreign));
        Assert.Throws<CertificateException>(() => authority.Revoke(own));
        Assert.Throws<CertificateException>(() => authority.Revoke(authority.Certificate));
        Assert.False(File.Exists(authority.RevokedPath));
    }

    [Fact]
    public void What_has_expired_can_be_revoked_while_the_authority_holds()
    {
        Create();
        using CertificateAuthority authority = Open();
        using X509Certificate2 leaf = Maker.MakeSigned(Wish("db.example.com") with { Days = 1 }, authority.Certificate);
        _clock.Advance(TimeSpan.FromDays(2));

        Assert.True(authority.Revoke(leaf));

        using X509Certificate2 another = Maker.MakeSigned(Wish("db.example.com"), authority.Certificate);
        _clock.Advance(TimeSpan.FromDays(3653));
        Assert.Throws<CertificateException>(() => authority.Revoke(another));
    }

    [Fact]
    public async Task Of_those_revoked_at_once_none_is_lost()
    {
        const int count = 6;
        Create();
        X509Certificate2[] leaves;
        using (CertificateAuthority authority = Open())
            leaves = [.. Enumerable.Range(0, count).Select(i => Maker.MakeSigned(Wish($"h{i}.example.com"), authority.Certificate))];

        await Task.WhenAll(leaves.Select(leaf => Task.Run(() =>
        {
            using CertificateAuthority authority = Open();
            Assert.True(authority.Revoke(leaf));
        })));

        (CertificateRevocationListBuilder list, BigInteger number) = ReadList();
        Assert.Equal(count, number);
        Assert.All(leaves, leaf => Assert.True(list.RemoveEntry(leaf.SerialNumberBytes.Span)));
        Assert.All(leaves, static leaf => leaf.Dispose());
    }

    [Fact]
    public void A_list_that_cannot_be_read_is_not_written_over()
    {
        Create();
        using CertificateAuthority authority = Open();
        using X509Certificate2 leaf = Maker.MakeSigned(Wish("db.example.com"), authority.Certificate);
        File.WriteAllText(authority.RevokedPath, "rubbish");

        Assert.Throws<CertificateException>(() => authority.Revoke(leaf));

        Assert.Equal("rubbish", File.ReadAllText(authority.RevokedPath));
    }

    private CertificateMaker Maker => new(_clock);

    private static CertificateWish Wish(string name) => new() { Names = [CertificateName.Parse(name)], Use = CertificateUse.Server };

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    private (CertificateRevocationListBuilder List, BigInteger Number) ReadList()
    {
        CertificateRevocationListBuilder list = CertificateRevocationListBuilder.LoadPem(File.ReadAllText(Path.Combine(Folder, "crl.pem")), out BigInteger number);
        return (list, number);
    }

    private void Create(CertificateKeyKind kind = CertificateKeyKind.Ecdsa, bool replace = false)
    {
        using X509Certificate2 certificate = Maker.MakeAuthority("Test CA", kind);
        CertificateAuthority.Create(Folder, certificate, replace);
    }

    private CertificateAuthority Open() => CertificateAuthority.Open(Folder, _clock);
}
