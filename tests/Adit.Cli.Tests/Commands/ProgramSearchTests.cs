using Adit.Cli.Commands;

namespace Adit.Cli.Tests.Commands;

public sealed class ProgramSearchTests
{
    [Fact]
    public void A_name_is_looked_for_in_PATH_alone()
    {
        Assert.Equal("/bin/sh", ProgramSearch.Find("sh", "/nonexistent:/etc:/bin:/usr/bin"));
        Assert.Null(ProgramSearch.Find("sh", "/nonexistent"));
        Assert.Null(ProgramSearch.Find("passwd", "/etc"));
        Assert.Null(ProgramSearch.Find("", "/bin"));
        // Lies beside this program, where .NET would look first.
        Assert.Null(ProgramSearch.Find("Adit.Cli.Tests.dll", "/bin"));
    }

    [Fact]
    public void A_path_is_taken_as_it_is()
    {
        Assert.Equal("/etc/passwd", ProgramSearch.Find("/etc/passwd", "/bin"));
        Assert.Null(ProgramSearch.Find("/nonexistent/program", "/bin"));
    }
}
