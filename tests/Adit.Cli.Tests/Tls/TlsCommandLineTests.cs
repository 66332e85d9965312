using Adit.Cli.Tls;

namespace Adit.Cli.Tests.Tls;

public sealed class TlsCommandLineTests
{
    [Theory]
    [InlineData("a.conf", TlsRequest.Serve, "a.conf", null)]
    [InlineData("--check a.conf", TlsRequest.Check, "a.conf", null)]
    [InlineData("a.conf --check", TlsRequest.Check, "a.conf", null)]
    [InlineData("-", TlsRequest.Serve, null, 0)]
    [InlineData("-fd 7", TlsRequest.Serve, null, 7)]
    [InlineData("--options", TlsRequest.Options, null, null)]
    [InlineData("--help", TlsRequest.Help, null, null)]
    public void Tls_takes_a_configuration(string args, object request, string? file, int? descriptor)
    {
        TlsCommandLine line = TlsCommandLine.Parse(args.Split(' '), isStunnel: false);

        Assert.Equal(((TlsRequest)request, file, descriptor), (line.Request, line.ConfigFile, line.ConfigDescriptor));
        Assert.Null(line.Version3);
    }

    [Theory]
    [InlineData("", "the configuration is missing")]
    [InlineData("--check", "the configuration is missing")]
    [InlineData("a b", "takes one configuration")]
    [InlineData("a -", "takes one configuration")]
    [InlineData("-fd", "-fd needs the number of a descriptor")]
    [InlineData("-fd x", "not \"x\"")]
    [InlineData("-fd -1", "not \"-1\"")]
    [InlineData("--chek a", "takes no \"--chek\"")]
    [InlineData("-d 9000", "takes no \"-d\"")]
    public void Tls_says_what_it_does_not_take(string args, string reason)
    {
        UsageException e = Assert.Throws<UsageException>(() => TlsCommandLine.Parse(args.Split(' ', StringSplitOptions.RemoveEmptyEntries), isStunnel: false));

        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.conf", "a.conf", null, false)]
    [InlineData("-fd 3", null, 3, false)]
    [InlineData("-f -d 9000 -r 5432", null, null, true)]
    [InlineData("-fd 9000 -r 5432", null, null, true)]
    [InlineData("-P/tmp/ -c -d 5432 -r 192.168.1.2:9000", null, null, true)]
    public void Stunnel_takes_the_command_lines_of_its_versions_3_and_5(string args, string? file, int? descriptor, bool isVersion3)
    {
        TlsCommandLine line = TlsCommandLine.Parse(args.Split(' '), isStunnel: true);

        Assert.Equal((file, descriptor, isVersion3), (line.ConfigFile, line.ConfigDescriptor, line.Version3 is not null));
    }

    [Fact]
    public void The_table_of_options_has_each_of_them_once_and_says_why_one_is_not_served()
    {
        string[] lines = [.. OptionTable.Lines()];

        Assert.Contains(lines, static line => line.StartsWith("accept ", StringComparison.Ordinal) && line.EndsWith("served", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("include ", StringComparison.Ordinal));
        Assert.Equal(lines.Length, lines.Select(static line => line.Split(' ')[0]).Distinct().Count());
        Assert.All(lines.Where(static line => line.Contains(" refused ", StringComparison.Ordinal)), static line => Assert.Matches(@"refused  \S", line));
    }

    [Fact]
    public void The_help_fits_a_screen()
    {
        string[] lines = HelpText.Tls.Split('\n');

        Assert.InRange(lines.Length, 1, 24);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 80));
    }
}
