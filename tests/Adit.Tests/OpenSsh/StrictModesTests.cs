using System.Diagnostics;
using System.Runtime.Versioning;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tests.OpenSsh;

/// <summary>Which files a server may believe, by those who could have written them.</summary>
[Trait("Surface", "S1-21")]
[SupportedOSPlatform("linux")]
public sealed class StrictModesTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly TemporaryFolder _home = new();
    private readonly string _file;

    public StrictModesTests()
    {
        _file = _home.Write(".ssh/keys", "");
        File.SetUnixFileMode(Path.Join(_home.Path, ".ssh"), Private);
    }

    [Fact]
    public void A_file_that_only_its_owner_may_write_is_trusted() => Assert.Null(StrictModes.Refusal(_file, _home.Path));

    [Theory]
    [InlineData(".ssh/keys", UnixFileMode.GroupWrite)]
    [InlineData(".ssh/keys", UnixFileMode.OtherWrite)]
    [InlineData(".ssh", UnixFileMode.GroupWrite)]
    [InlineData(".ssh", UnixFileMode.OtherWrite)]
    [InlineData("", UnixFileMode.GroupWrite)]
    public void A_file_or_folder_that_others_may_write_is_named_with_the_remedy(string name, UnixFileMode more)
    {
        string at = Path.Join(_home.Path, name).TrimEnd('/');
        File.SetUnixFileMode(at, Private | more);
        Assert.Equal($"others than its owner may write {at}, so it is not trusted; run: chmod go-w {at}", StrictModes.Refusal(_file, _home.Path));
    }

    [Fact]
    public void Folders_above_the_home_do_not_matter()
    {
        File.SetUnixFileMode(_home.Path, Private | UnixFileMode.OtherWrite);
        Assert.Null(StrictModes.Refusal(_file, Path.Join(_home.Path, ".ssh")));
    }

    [Theory]
    [InlineData("/nonexistent")]
    [InlineData("/etc")]
    [InlineData("")]
    [InlineData(null)]
    public void Outside_the_home_every_folder_up_to_the_root_counts(string? home)
    {
        string temporary = Path.GetDirectoryName(_home.Path)!;
        Assert.Contains($"others than its owner may write {temporary}", StrictModes.Refusal(_file, home), StringComparison.Ordinal);
        Assert.Null(StrictModes.Refusal("/etc/passwd", home));
    }

    [Fact]
    public void Links_are_followed_to_where_they_lead()
    {
        string open = Path.Join(_home.Path, "open");
        Directory.CreateDirectory(open);
        File.SetUnixFileMode(open, Private | UnixFileMode.OtherWrite);
        _home.Write("open/keys", "");
        string link = Path.Join(_home.Path, "link");
        File.CreateSymbolicLink(link, "../" + Path.GetFileName(_home.Path) + "/./open/keys");
        Assert.Contains($"may write {open},", StrictModes.Refusal(link, _home.Path), StringComparison.Ordinal);

        string good = Path.Join(_home.Path, "good");
        File.CreateSymbolicLink(good, _file);
        Assert.Null(StrictModes.Refusal(good, _home.Path));

        string homeLink = Path.Join(_home.Path, "home");
        Directory.CreateSymbolicLink(homeLink, Path.Join(_home.Path, ".ssh"));
        Assert.Null(StrictModes.Refusal(Path.Join(homeLink, "keys"), homeLink));
    }

    [Fact]
    public void A_link_to_itself_is_refused()
    {
        string link = Path.Join(_home.Path, "loop");
        File.CreateSymbolicLink(link, link);
        Assert.Contains("cannot be checked", StrictModes.Refusal(link, _home.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_file_is_refused()
    {
        Assert.Contains("is not a regular file", StrictModes.Refusal(Path.Join(_home.Path, ".ssh"), _home.Path), StringComparison.Ordinal);
        Assert.Contains("there is no", StrictModes.Refusal(Path.Join(_home.Path, "nothing"), _home.Path), StringComparison.Ordinal);
        Assert.Contains("cannot be checked", StrictModes.Refusal(_file + "\0", _home.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_somebody_else_is_refused()
    {
        uint self = LinuxCalls.GetEffectiveUserId();
        uint somebody = self + 4242;

        // Only root can give a file away; anybody else asks as another user.
        if (self == 0)
        {
            using var chown = Process.Start("chown", [$"{somebody}", _file]);
            chown.WaitForExit();
        }

        Assert.Contains($"{_file} belongs to the user with id {(self == 0 ? somebody : self)}", StrictModes.Refusal(_file, _home.Path, self == 0 ? 0 : somebody), StringComparison.Ordinal);
    }

    public void Dispose() => _home.Dispose();
}
