using System.Diagnostics;
using Adit.OpenSsh;

namespace Adit.Cli.Tests.Completion;

public sealed class HostNamesTests : IDisposable
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    private readonly string _home = Directory.CreateTempSubdirectory("adit-names.").FullName;

    [Fact]
    public void Names_of_Host_lines_come_with_those_of_included_files_and_without_patterns()
    {
        Write(".ssh/config", "Include more/*\nHost foo Bar *.x w?b !no\n  User joe\nMatch host y\nInclude ~/.ssh/last\nHost \"quoted\"\n");
        Write(".ssh/more/a", "host inner\n");
        Write(".ssh/last", "Host last\n");
        Write("system/ssh_config", "Host everyone\n");
        Assert.Equal(["inner", "foo", "Bar", "last", "quoted", "everyone"], Find());
    }

    [Fact]
    public void Names_of_known_hosts_come_without_port_patterns_authorities_and_what_is_hashed()
    {
        Write(".ssh/config", "Host foo\n");
        Write(
            ".ssh/known_hosts",
            $"known.example.com,10.0.0.5 {Key}\n[ported.example.com]:2222 {Key}\n*.pattern {Key}\n@cert-authority ca.example.com {Key}\n@revoked gone.example.com {Key}\n"
            + $"|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= {Key}\nfoo {Key}\nbroken\n2001:db8::1 {Key}\n");
        Write("system/ssh_known_hosts", $"everyones {Key}\n");
        Assert.Equal(["foo", "known.example.com", "10.0.0.5", "ported.example.com", "2001:db8::1", "everyones"], Find());
    }

    [Fact]
    public void A_name_that_means_something_to_a_shell_is_left_out()
    {
        Write(".ssh/config", "Host a;b $(x) `x` a|b ~root a=b '#c' good{1,2} -v a\\\\b team/db\n");
        Write(".ssh/known_hosts", $"evil$(x),x&y {Key}\n");
        Assert.Equal(["team/db"], Find());
    }

    [Fact]
    public void The_file_of_F_is_read_in_place_of_the_usual_ones()
    {
        Write(".ssh/config", "Host foo\n");
        Write("own", "Host mine\n");
        Write(".ssh/known_hosts", $"known {Key}\n");
        Assert.Equal(["mine", "known"], Find("~/own"));
        Assert.Equal(["known"], Find("none"));
        Assert.Equal(["known"], Find("/no/such"));
        Assert.Equal(["known"], Find("a\0b"));
        Assert.Equal(["known"], Find(""));
    }

    [Fact]
    public void What_cannot_be_read_or_understood_is_passed_over_in_silence()
    {
        Assert.Empty(Find());
        Write(".ssh/config", "Host first\nHost \"unclosed\nHost never\n");
        Directory.CreateDirectory(Path.Combine(_home, ".ssh/known_hosts"));
        Write(".ssh/known_hosts2", $"second {Key}\n");
        Assert.Equal(["first", "second"], Find());
    }

    [Fact]
    public void Files_that_include_themselves_and_pipes_that_nobody_writes_to_keep_nobody_waiting()
    {
        if (!OperatingSystem.IsLinux())
            return;
        Write(".ssh/config", "Host foo\nInclude config pipe\n");
        using (Process made = Process.Start("mkfifo", [Path.Combine(_home, ".ssh/pipe"), Path.Combine(_home, ".ssh/known_hosts")]))
            made.WaitForExit();
        Assert.Equal(["foo"], Find());
    }

    [Fact]
    public void A_file_that_others_may_write_is_not_trusted()
    {
        if (OperatingSystem.IsWindows())
            return;
        Write(".ssh/config", "Host foo\n");
        File.SetUnixFileMode(Path.Combine(_home, ".ssh/config"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.Empty(Find());
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private string[] Find(string? file = null) =>
        [.. HostNames.Find(new() { Name = "joe", Id = "1000", Home = _home, HostName = "here", Variable = static _ => null }, file, Path.Combine(_home, "system"))];

    private void Write(string name, string text)
    {
        string path = Path.Combine(_home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
