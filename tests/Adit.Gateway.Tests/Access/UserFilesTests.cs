using System.Text;
using Adit.Gateway.Access;
using Adit.Gateway.Configuration;
using Adit.Gateway.Tests.Configuration;
using Adit.OpenSsh;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Access;

/// <summary>Names, passwords, entries and accounts of users.</summary>
public sealed class UserFilesTests : IDisposable
{
    private const string Known = "pbkdf2-sha512$10000$AAECAwQFBgcICQoLDA0ODw==$";

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("joe", true)]
    [InlineData("_x.y+z@host-1", true)]
    [InlineData("7", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData(".joe", false)]
    [InlineData("-joe", false)]
    [InlineData("a/b", false)]
    [InlineData("../etc/passwd", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("a\0", false)]
    [InlineData("a%h", false)]
    [InlineData("a:b", false)]
    [InlineData("a$b", false)]
    [InlineData("\u00e4", false)]
    [InlineData("\u0435ve", false)]
    public void Only_a_name_that_can_be_part_of_a_path_is_one(string name, bool valid) => Assert.Equal(valid, UserName.IsValid(name));

    [Fact]
    public void A_name_has_at_most_128_characters()
    {
        Assert.True(UserName.IsValid(new string('x', 128)));
        Assert.False(UserName.IsValid(new string('x', 129)));
    }

    [Fact]
    public void A_password_fits_its_hash_and_no_other_one_does()
    {
        byte[] password = Encoding.UTF8.GetBytes("p\u00e4ss word");
        PasswordHash hash = PasswordHash.Parse(PasswordHash.Of(password).ToString());
        Assert.True(hash.Fits(password));
        Assert.False(hash.Fits("pass word"u8));
        Assert.False(hash.Fits([]));
        Assert.NotEqual(hash.ToString(), PasswordHash.Of(password).ToString());
        Assert.False(PasswordHash.Nobody.Fits(password));
    }

    [Fact]
    public void The_form_is_that_of_RFC_8018_with_SHA_512()
    {
        // python3 -c 'import hashlib,base64; print(base64.b64encode(hashlib.pbkdf2_hmac("sha512", b"secret", bytes(range(16)), 10000, 32)))'
        PasswordHash hash = PasswordHash.Parse(Known + "s1qOkFay1DbcR0sablkjBgtOqf1IcoQVkkK1uzR9LdU=");
        Assert.True(hash.Fits("secret"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("$6$salt$hash")]
    [InlineData("pbkdf2-sha512$9999$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("pbkdf2-sha512$10000001$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("pbkdf2-sha512$10000$AAEC$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("pbkdf2-sha512$10000$AAECAwQFBgcICQoLDA0ODw==$AAAA")]
    [InlineData("pbkdf2-sha512$10000$AAECAwQFBgcICQoLDA0ODw==$")]
    [InlineData("pbkdf2-sha512$10000$AAECAwQFBgcICQoLDA0ODw==$!")]
    [InlineData("pbkdf2-sha512$-1$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("pbkdf2-sha1$10000$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void What_is_no_hash_is_refused(string text) => Assert.Throws<FormatException>(() => PasswordHash.Parse(text));

    [Fact]
    public void An_entry_has_a_name_and_possibly_a_password_and_groups()
    {
        string path = _folder.Write("users", $"# people\n\njoe::db,admins\nann\nbob:{Known}s1qOkFay1DbcR0sablkjBgtOqf1IcoQVkkK1uzR9LdU=:\njoe::late\n");
        Assert.Equal(["db", "admins"], UserEntry.Find(path, "joe")!.Groups.AsEnumerable());
        Assert.Null(UserEntry.Find(path, "joe")!.Password);
        Assert.Empty(UserEntry.Find(path, "ann")!.Groups);
        Assert.True(UserEntry.Find(path, "bob")!.Password!.Fits("secret"u8));
        Assert.Null(UserEntry.Find(path, "JOE"));
        Assert.Null(UserEntry.Find(path, "eve"));
    }

    [Theory]
    [InlineData("joe:secret", "users:2: joe: a password has the form")]
    [InlineData("joe:::x", "users:2: an entry has the form name:password:group,group")]
    [InlineData(":x", "users:2: an entry has the form")]
    [InlineData("../x", "users:2: an entry has the form")]
    public void A_wrong_line_is_told_with_its_place_whoever_is_asked_for(string line, string message)
    {
        string path = _folder.Write("users", $"ann\n{line}\n");
        Assert.Contains(message, Assert.Throws<ConfigException>(() => UserEntry.Find(path, "ann")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_that_names_it() =>
        Assert.Contains("/no/such/users", Assert.Throws<ConfigException>(() => UserEntry.Find("/no/such/users", "ann")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_pipe_in_the_place_of_the_file_is_an_error_and_not_waited_for()
    {
        string path = _folder.MakePipe("users");
        ConfigException e = await Assert.ThrowsAsync<ConfigException>(() => Task.Run(() => UserEntry.Find(path, "ann")).TestTime());
        Assert.Equal($"AditUsersFile {path}: it is not a regular file", e.Message);
    }

    [Fact]
    public void An_account_is_what_passwd_and_group_say()
    {
        string passwd = _folder.Write("passwd", "root:x:0:0:root:/root:/bin/sh\njoe:x:1001:100:Joe:/home/joe:/bin/sh\nbroken:x\n");
        string group = _folder.Write("group", "users:x:100:\ndb:x:200:ann,joe\nother:x:300:joey\nbroken\n");
        SystemAccount joe = SystemAccount.Of("joe", passwd, group);
        Assert.Equal(("/home/joe", "1001"), (joe.Home, joe.Uid));
        Assert.Equal(["users", "db"], joe.Groups.AsEnumerable());
    }

    [Theory]
    [InlineData("eve", "passwd")]
    [InlineData("broken", "passwd")]
    [InlineData("joe", "missing")]
    public void Who_has_no_account_has_no_home_and_no_groups(string user, string file)
    {
        _folder.Write("passwd", "joe:x:1001:100:Joe:/home/joe:/bin/sh\nbroken:x\n");
        SystemAccount none = SystemAccount.Of(user, Path.Join(_folder.Path, file), Path.Join(_folder.Path, "missing"));
        Assert.Equal((null, null, 0), (none.Home, none.Uid, none.Groups.Length));
    }
}
