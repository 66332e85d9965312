using Adit.Certificates;

namespace Adit.Tests.Certificates;

public sealed class NewFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _folder = Directory.CreateTempSubdirectory("adit-new-").FullName;

    private string Target => Path.Combine(_folder, "file");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_private_file_is_its_owners_and_nothing_is_left_beside_it()
    {
        NewFile.Write(Target, "secret"u8, isPrivate: true, replace: false);

        Assert.Equal("secret", File.ReadAllText(Target));
        Assert.Equal(OwnerOnly, ModeOf(Target));
        Assert.Equal([Target], Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_is_there_stays()
    {
        File.WriteAllText(Target, "old");

        Assert.Contains("--force", Assert.Throws<IOException>(() => NewFile.Write(Target, "new"u8, isPrivate: true, replace: false)).Message, StringComparison.Ordinal);

        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void A_replaced_file_hands_on_neither_its_rights_nor_its_readers()
    {
        File.WriteAllText(Target, "old");
        SetMode(Target, ForAll);
        using FileStream reader = File.OpenRead(Target);

        NewFile.Write(Target, "new"u8, isPrivate: true, replace: true);

        Assert.Equal("new", File.ReadAllText(Target));
        Assert.Equal(OwnerOnly, ModeOf(Target));
        Assert.Equal("old", new StreamReader(reader).ReadToEnd());
    }

    [Fact]
    public void A_link_is_neither_followed_nor_replaced()
    {
        string elsewhere = Path.Combine(_folder, "elsewhere");
        File.CreateSymbolicLink(Target, elsewhere);

        Assert.Throws<IOException>(() => NewFile.Write(Target, "new"u8, isPrivate: true, replace: true));

        Assert.False(File.Exists(elsewhere));
        Assert.Equal(elsewhere, new FileInfo(Target).LinkTarget);
    }

    [Fact]
    public void A_device_and_a_folder_stay_what_they_are()
    {
        Assert.Throws<IOException>(() => NewFile.Check("/dev/null", replace: true));
        Assert.Throws<IOException>(() => NewFile.Check(_folder, replace: true));
        Assert.Throws<IOException>(() => NewFile.Check(_folder + "/", replace: true));
        Assert.Throws<IOException>(() => NewFile.Check(Path.Combine(_folder, "none", "file"), replace: true));
    }

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
