using Adit.Gateway.Audit;
using Adit.Gateway.Tests.Configuration;

namespace Adit.Gateway.Tests.Audit;

/// <summary>Files that several processes write to, and others cut off.</summary>
public sealed class AppendedFileTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    private string Log => Path.Combine(_folder.Path, "log");

    [Fact]
    public void What_two_write_in_turn_is_all_there()
    {
        using (FileStream one = AppendedFile.Open(Log), two = AppendedFile.Open(Log))
        {
            one.Write("first\n"u8);
            two.Write("second\n"u8);
            one.Write("third\n"u8);
        }

        Assert.Equal("first\nsecond\nthird\n", File.ReadAllText(Log));
    }

    [Fact]
    public void A_file_that_was_cut_off_goes_on_from_its_start()
    {
        using (FileStream file = AppendedFile.Open(Log))
        {
            file.Write("long ago\n"u8);
            File.WriteAllBytes(Log, []);
            file.Write("now\n"u8);
        }

        Assert.Equal("now\n", File.ReadAllText(Log));
    }

    [Fact]
    public void What_was_there_stays_and_a_new_file_is_its_owners_alone()
    {
        File.WriteAllText(Log, "before\n");
        using (FileStream file = AppendedFile.Open(Log))
            file.Write("after\n"u8);
        Assert.Equal("before\nafter\n", File.ReadAllText(Log));

        string fresh = Path.Combine(_folder.Path, "fresh");
        AppendedFile.Open(fresh).Dispose();
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(fresh));
    }

    public void Dispose() => _folder.Dispose();
}
