using Adit.Stunnel;
using Adit.Tests.OpenSsh;

namespace Adit.Tests.Stunnel;

public sealed class StunnelCommandLineTests
{
    [Fact]
    [Trait("Surface", "S3-8")]
    public void The_books_server_listens_everywhere_and_leads_to_the_database()
    {
        StunnelConfiguration configuration = Parse("-P/tmp/ -p ~/stunnel.pem -d 9000 -r localhost:5432");
        StunnelService service = Assert.Single(configuration.Services);
        Assert.False(configuration.IsInetd);
        Assert.False(service.IsClient);
        Assert.Equal("*:9000", Assert.Single(service.Accept).ToString());
        Assert.Equal("localhost:5432", Assert.Single(service.Connect).ToString());
        Assert.Equal("~/stunnel.pem", service.Certificate);
        Assert.Equal("~/stunnel.pem", service.Key);
        Assert.Equal("/tmp/stunnel.localhost.5432.pid", configuration.Global.PidFile);
        Assert.Equal(StunnelForeground.No, configuration.Global.Foreground);
        Assert.Empty(configuration.Warnings);
    }

    [Fact]
    [Trait("Surface", "S3-9")]
    [Trait("Surface", "S3-13")]
    public void The_books_client_listens_on_loopback_and_is_marked_as_insecure()
    {
        StunnelConfiguration configuration = Parse("-P/tmp/ -c -d 5432 -r 192.168.1.2:9000");
        StunnelService service = Assert.Single(configuration.Services);
        Assert.True(service.IsClient);
        Assert.True(service.IsInsecure);
        Assert.False(service.AllowsInsecure);
        Assert.Equal("localhost:5432", Assert.Single(service.Accept).ToString());
        Assert.Equal("192.168.1.2:9000", Assert.Single(service.Connect).ToString());
        Assert.Equal("/tmp/stunnel.192.168.1.2.9000.pid", configuration.Global.PidFile);
    }

    [Fact]
    [Trait("Surface", "S3-15")]
    public void The_books_two_commands_on_one_machine_meet()
    {
        StunnelService server = Assert.Single(Parse("-P/tmp/ -p ~/stunnel-3.15/stunnel.pem -d 9000 -r 5432").Services);
        StunnelConfiguration client = Parse("-P/tmp/ -c -d 5433 -r localhost:9000");
        Assert.Equal("*:9000", Assert.Single(server.Accept).ToString());
        Assert.Equal("localhost:5432", Assert.Single(server.Connect).ToString());
        Assert.Equal("localhost:5433", Assert.Single(client.Services[0].Accept).ToString());
        Assert.Equal("localhost:9000", Assert.Single(client.Services[0].Connect).ToString());
        Assert.Equal("/tmp/stunnel.localhost.9000.pid", client.Global.PidFile);
    }

    [Theory]
    [InlineData("-P/tmp/ -p path/stunnel.pem -r 5432")]
    [InlineData("-p path/stunnel.pem -r 5432")]
    [Trait("Surface", "S3-16")]
    [Trait("Surface", "S3-18")]
    public void Without_d_the_connection_is_given_by_inetd(string arguments)
    {
        // A line of inetd.conf takes its first word behind the program for the program's own name: what is left of it means the same.
        StunnelConfiguration configuration = Parse(arguments);
        Assert.True(configuration.IsInetd);
        StunnelService service = Assert.Single(configuration.Services);
        Assert.Empty(service.Accept);
        Assert.Equal("localhost:5432", Assert.Single(service.Connect).ToString());
        Assert.Equal("path/stunnel.pem", service.Certificate);
    }

    [Theory]
    [InlineData("-P /var/run/ -r h:9000 -d 1", "/var/run/stunnel.h.9000.pid")]
    [InlineData("-P/nowhere/x/ -N a/b -r h:9000 -d 1", "/nowhere/x/stunnel.a.b.pid")]
    [InlineData("-P/tmp -r h:9000 -d 1", "/tmp/stunnel.h.9000.pid")]
    [InlineData("-P/nowhere/s.pid -r h:9000 -d 1", "/nowhere/s.pid")]
    [InlineData("-P none -r h:9000 -d 1", null)]
    [InlineData("-r h:9000 -d 1", null)]
    [InlineData("-P/tmp/ -d 1 -l /usr/sbin/imapd", "/tmp/stunnel.imapd.pid")]
    [InlineData("-P/tmp/ -d 1 -l /usr/sbin/imapd -- imap -x", "/tmp/stunnel.imap.pid")]
    [Trait("Surface", "S3-11")]
    public void A_folder_gets_a_file_named_after_the_service(string arguments, string? file) =>
        Assert.Equal(file, Parse($"-p c.pem {arguments}").Global.PidFile);

    [Theory]
    [InlineData("-T", "-T: transparent = yes is refused: ")]
    [InlineData("-uroot", "-u: ident = root is refused: ")]
    [InlineData("-s nobody", "-s: setuid = nobody is refused: ")]
    [InlineData("-g nobody", "-g: setgid = nobody is refused: ")]
    [InlineData("-C aNULL", "-C: ciphers = aNULL is refused: ")]
    [InlineData("-n telnet", "-n: protocol = \"telnet\": write ")]
    [InlineData("-n cifs", "-n: protocol = cifs is refused: ")]
    [InlineData("-D loud", "-D: debug = \"loud\": write a level")]
    [InlineData("-O x", "-O: socket = \"x\": write a, l or r")]
    [InlineData("-v 2", "-v: [h.1] verifies, but trusts nobody; write CAfile")]
    [InlineData("-v 5", "-v: verify = \"5\": write a number from 0 to 4")]
    [InlineData("-t 0", "-t: session = \"0\": write seconds")]
    [InlineData("-P s.pid", "-P: pid = \"s.pid\": write a folder")]
    [InlineData("-o s.log", "-o: output = \"s.log\": write the full path")]
    [InlineData("-d 2", "-d: there can be only one -d")]
    [InlineData("-r 2", "-r: there can be only one -r")]
    [InlineData("-l /bin/cat -L /bin/cat", "-L: there can be only one -l or -L")]
    [InlineData("-l /bin/cat", "-l: [cat] has accept, connect and exec; ")]
    [InlineData("-z", "-z: there is no such option of stunnel 3")]
    [InlineData("-cz", "-z: there is no such option of stunnel 3")]
    [InlineData("-A", "-A: there is no argument behind it")]
    [InlineData("word", "stunnel: \"word\" is no option; arguments are for the program of -l")]
    public void What_cannot_be_served_names_the_option(string arguments, string error) =>
        Assert.StartsWith(error, Error($"-p c.pem -d 1 -r h:1 {arguments}"), StringComparison.Ordinal);

    [Fact]
    public void A_command_that_leads_nowhere_is_an_error() =>
        Assert.Equal("stunnel: it leads nowhere; write -r HOST:PORT or -l PROGRAM", Error("-d 1"));

    [Fact]
    public void A_server_needs_a_certificate() => Assert.Contains("is a server without a certificate", Error("-d 1 -r 2"), StringComparison.Ordinal);

    [Fact]
    public void Letters_can_stand_together_and_their_values_be_attached()
    {
        StunnelConfiguration configuration = Parse("-cfWd5432 -rdb:9000 -v3 -A/ca.pem -a/cas -Dlocal1.7 -oout.log -CHIGH -t60 -Npg -I192.0.2.1 -npgsql");
        StunnelService service = Assert.Single(configuration.Services);
        Assert.Equal("pg", service.Name);
        Assert.Equal("localhost:5432", Assert.Single(service.Accept).ToString());
        Assert.Equal("db:9000", Assert.Single(service.Connect).ToString());
        Assert.True(service is { VerifyChain: true, VerifyPeer: true, RequireCert: true, IsInsecure: false });
        Assert.Equal("/ca.pem /cas HIGH 192.0.2.1", $"{service.CaFile} {service.CaPath} {service.Ciphers} {service.Local}");
        Assert.Equal(60, service.SessionCacheTimeout.TotalSeconds);
        Assert.Equal(StunnelProtocol.PgSql, service.Protocol);
        Assert.Equal(StunnelForeground.Yes, configuration.Global.Foreground);
        Assert.Equal("local1 Debug out.log pg", $"{configuration.Global.Facility} {configuration.Global.Debug} {configuration.Global.Output} {configuration.Global.ServiceName}");
        Assert.Equal("-W: RNDoverwrite is ignored: random numbers come from the system", Assert.Single(configuration.Warnings));
    }

    [Theory]
    [InlineData("-E/egd", "-E: EGD is ignored: ")]
    [InlineData("-R/random", "-R: RNDfile is ignored: ")]
    [InlineData("-B64", "-B: RNDbytes is ignored: ")]
    [InlineData("-O l:SO_KEEPALIVE=1", "-O: socket is ignored: ")]
    public void What_has_no_effect_is_said(string arguments, string warning) =>
        Assert.StartsWith(warning, Assert.Single(Parse($"-p c.pem -d 1 -r 2 {arguments}").Warnings), StringComparison.Ordinal);

    [Fact]
    public void A_program_gets_its_arguments_as_they_are()
    {
        StunnelService service = Assert.Single(StunnelCommandLine.Parse(["-p", "c.pem", "-d", "h:1", "-L", "/bin/sh", "--", "sh", "-c", "echo a b"]).Services);
        Assert.Equal(["sh", "-c", "echo a b"], service.ExecArgs.AsEnumerable());
        Assert.Equal("/bin/sh", service.Exec);
        Assert.True(service.Pty);
        Assert.Equal("h:1", Assert.Single(service.Accept).ToString());
        StunnelService alone = Assert.Single(Parse("-p c.pem -l /bin/cat").Services);
        Assert.Equal(["cat"], alone.ExecArgs.AsEnumerable());
        Assert.True(alone.IsInetd);
        Assert.False(alone.Pty);
    }

    [Fact]
    public void The_folder_for_the_number_of_the_process_may_be_without_its_slash_where_it_is_there()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(
            Path.Join(folder.Path, "stunnel.h.1.pid"),
            StunnelCommandLine.Parse(["-p", "c.pem", "-d", "1", "-r", "h:1", "-P", folder.Path]).Global.PidFile);
    }

    [Fact]
    public void Arguments_have_limits()
    {
        Assert.Contains("more than 1024 arguments", Error(string.Join(' ', Enumerable.Repeat("-c", 1025))), StringComparison.Ordinal);
        Assert.Contains("longer than 16384 characters", Error($"-r {new string('x', 16385)}"), StringComparison.Ordinal);
    }

    private static StunnelConfiguration Parse(string arguments) => StunnelCommandLine.Parse(arguments.Split(' '));

    private static string Error(string arguments) => Assert.Throws<StunnelException>(() => Parse(arguments)).Message;
}
