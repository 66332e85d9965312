using System.Text;
using Adit.Stunnel;
using Adit.Tests.OpenSsh;

namespace Adit.Tests.Stunnel;

public sealed class StunnelFileTests : IDisposable
{
    private const string Service = "[s]\naccept = 1\nconnect = 2\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sections_begin_with_what_was_said_above_the_first_one()
    {
        StunnelConfiguration configuration = StunnelText.Parse(
            "; comment|# comment|  |cert = /c.pem|TIMEOUTidle = 60|checkHost = all|verifyPeer = yes|CAfile = /ca|"
            + "[a]|accept = 1|connect = 2|checkHost = a|TIMEOUTidle = 5|"
            + "  [b b]  |\taccept=3|connect  =  4|");
        Assert.False(configuration.IsInetd);
        Assert.Equal(["a", "b b"], configuration.Services.Select(service => service.Name));
        Assert.Equal([5, 60], configuration.Services.Select(service => (int)service.TimeoutIdle.TotalSeconds));
        Assert.Equal(["all", "a"], configuration.Services[0].CheckHosts.AsEnumerable());
        Assert.Equal(["all"], configuration.Services[1].CheckHosts.AsEnumerable());
        Assert.Equal(["f:9", "f:14"], configuration.Services.Select(service => service.Place.ToString()));
    }

    [Fact]
    public void A_file_without_sections_is_a_service_of_inetd()
    {
        StunnelConfiguration configuration = StunnelText.Parse("cert = /c.pem|service = pg|connect = 5432");
        Assert.True(configuration.IsInetd);
        StunnelService service = Assert.Single(configuration.Services);
        Assert.Equal("pg", service.Name);
        Assert.Empty(service.Accept);
        Assert.Equal("localhost:5432", Assert.Single(service.Connect).ToString());
    }

    [Theory]
    [InlineData("accept", "f:2: there is no = in \"accept\"; write OPTION = VALUE, or [NAME] for a section")]
    [InlineData("= 1", "f:2: there is no option in front of the =")]
    [InlineData("[]", "f:2: a section without a name; write [NAME]")]
    [InlineData("[s] ; the database", "f:2: \"[s] ; the database\" is no section; write [NAME] alone on the line, a comment on a line of its own")]
    [InlineData("pid = /\0", "f:2: the line holds a control character; this is not a text file")]
    public void A_malformed_line_is_named(string line, string error) => Assert.Equal(error, StunnelText.Error($"|{line}|[s]|accept = 1"));

    [Fact]
    public void A_name_that_would_change_the_terminal_is_shown_harmlessly() =>
        Assert.Equal(@"f:1: unknown option ""a\u202eb""", StunnelText.Error("a\u202eb = 1"));

    [Fact]
    public void A_byte_order_mark_and_line_ends_of_Windows_do_no_harm()
    {
        string path = Path.Join(_folder.Path, "s.conf");
        File.WriteAllText(path, "cert = /c.pem\r\n[s]\r\naccept = 1\r\nconnect = 2\r\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        StunnelService service = Assert.Single(StunnelFile.Read(path).Services);
        Assert.Equal("/c.pem", service.Certificate);
        Assert.Equal("*:1", Assert.Single(service.Accept).ToString());
    }

    [Fact]
    public void The_files_of_an_included_folder_stand_in_its_place_in_the_order_of_their_names()
    {
        _folder.Write("parts/10-b.conf", "[b]\naccept = 3\nconnect = 4\n");
        _folder.Write("parts/01-a.conf", "TIMEOUTidle = 7\n[a]\naccept = 1\n");
        _folder.Write("parts/sub/not-read.conf", "nonsense\n");
        _folder.Write("parts/02-a.conf", "connect = 2\n");
        StunnelConfiguration configuration = StunnelFile.Read(_folder.Write("s.conf", $"cert = /c.pem\nInclude = {_folder.Path}/parts\nconnect = 5\n"));
        Assert.Equal(["a", "b"], configuration.Services.Select(service => service.Name));
        Assert.Equal("localhost:2", Assert.Single(configuration.Services[0].Connect).ToString());
        Assert.Equal(["localhost:4", "localhost:5"], configuration.Services[1].Connect.Select(target => target.ToString()));
        Assert.All(configuration.Services, service => Assert.Equal(7, service.TimeoutIdle.TotalSeconds));
    }

    [Fact]
    public void An_error_in_an_included_file_names_that_file()
    {
        string part = _folder.Write("parts/a.conf", "\nacept = 1\n");
        string error = Assert.Throws<StunnelException>(() => StunnelFile.Read(_folder.Write("s.conf", $"include = {_folder.Path}/parts\n"))).Message;
        Assert.StartsWith($"{part}:2: unknown option \"acept\"", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_include_that_includes_itself_ends()
    {
        _folder.Write("parts/a.conf", $"include = {_folder.Path}/parts\n");
        string error = Assert.Throws<StunnelException>(() => StunnelFile.Read(_folder.Write("s.conf", $"include = {_folder.Path}/parts\n"))).Message;
        Assert.EndsWith("parts/a.conf:1: include goes deeper than 16 folders", error, StringComparison.Ordinal);
    }

    [Fact]
    public void No_more_than_1024_files_are_included()
    {
        for (int i = 0; i < 1024; i++)
            _folder.Write($"parts/{i:d4}.conf", "");
        string error = Assert.Throws<StunnelException>(() => StunnelFile.Read(_folder.Write("s.conf", $"include = {_folder.Path}/parts\n"))).Message;
        Assert.EndsWith("parts/1023.conf: more than 1024 files are included", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_in_an_included_folder_is_passed_over()
    {
        _folder.Write("parts/a.conf", "TIMEOUTidle = 7\n");
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", Path.Join(_folder.Path, "parts", "b.conf")))
        {
            made.WaitForExit();
            Assert.Equal(0, made.ExitCode);
        }

        StunnelConfiguration configuration = StunnelFile.Read(_folder.Write("s.conf", $"cert = /c.pem\ninclude = {_folder.Path}/parts\n{Service}"));
        Assert.Equal(7, configuration.Services[0].TimeoutIdle.TotalSeconds);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error_with_its_place() =>
        Assert.StartsWith("f:1: include: ", StunnelText.Error($"include = {_folder.Path}/missing"), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.StartsWith(
            $"{_folder.Path}/missing: cannot be read: ",
            Assert.Throws<StunnelException>(() => StunnelFile.Read($"{_folder.Path}/missing")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Files_and_lines_have_limits()
    {
        string comment = $";{new string('x', 16 * 1024 - 2)}\n";
        string most = string.Concat(Enumerable.Repeat(comment, 63));
        string text = $"cert = /c.pem\n{most}{Service}";
        string full = text + new string('\n', 1024 * 1024 - text.Length);
        Assert.Single(StunnelFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(full)), "descriptor 3").Services);
        Assert.Equal(
            "descriptor 3: the file is larger than 1 MiB",
            Assert.Throws<StunnelException>(() => StunnelFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(full + "\n")), "descriptor 3")).Message);
        Assert.Equal("f:2: the line is longer than 16384 characters", StunnelText.Error($"|;{new string('x', 16 * 1024)}"));
    }

    [Fact]
    public void A_password_is_in_no_text_of_a_service() =>
        Assert.DoesNotContain(
            "secret", StunnelText.Service("client = yes|AditInsecure = yes|[s]|accept = 1|connect = 2|protocol = connect|protocolHost = h:1|protocolPassword = secret").ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("pgssl 9000/tcp # over TLS\n", "pgssl", 9000)]
    [InlineData("# pgssl 1/tcp\npgssl\t9000/udp\npgssl\t9001/tcp\tpgs other\r\n", "other", 9001)]
    [InlineData("pgssl 9000/tcp\n", "PGSSL", null)]
    [InlineData("pgssl 99999/tcp\npgssl x/tcp\npgssl 0/tcp\npgssl 5\n", "pgssl", null)]
    [Trait("Surface", "S3-17")]
    public void A_name_of_a_service_is_a_port(string services, string name, int? port) =>
        Assert.Equal(port, TcpServices.Port(name, _folder.Write("services", services)));

    [Fact]
    public void Without_a_file_of_services_there_are_no_names() => Assert.Null(TcpServices.Port("pgssl", $"{_folder.Path}/missing"));
}
