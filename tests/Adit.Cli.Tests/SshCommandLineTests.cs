using Adit.OpenSsh;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Cli.Tests;

public sealed class SshCommandLineTests
{
    private static readonly LocalUser Joe = new() { Name = "joe", Id = "1000", Home = "/nonexistent", HostName = "here", Variable = _ => null };

    [Fact]
    [Trait("Surface", "S0-5")]
    public void The_command_line_of_the_article_on_leaking_tunnels_parses()
    {
        SshCommandLine line = Parse(
            "root@192.0.2.1 -vNL 58070:localhost:5432 -p 22 -o ExitOnForwardFailure=yes -o ConnectTimeout=30 -o TCPKeepAlive=no -o ServerAliveInterval=60");
        Assert.Equal(("192.0.2.1", 1), (line.Destination, line.Verbosity));
        HostConfig config = Resolve(line);
        Assert.Equal(("root", 22, "192.0.2.1"), (config.User, config.Port, config.HostName));
        Assert.Equal("localhost:58070:localhost:5432", Assert.Single(config.LocalForwards).Value.ToString());
        Assert.Equal((true, false), (config.ExitOnForwardFailure, config.TcpKeepAlive));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1)), (config.ConnectTimeout, config.ServerAliveInterval));
        Assert.Equal((LogVerbosity.Debug1, SessionType.None), (config.LogLevel, config.SessionType));
    }

    [Theory]
    [InlineData("-N -p 2222 joe@h", 2222)]
    [InlineData("-N -p2222 h", 2222)]
    [InlineData("-Np2222 h", 2222)]
    [InlineData("-Np 2222 h", 2222)]
    [InlineData("h -N -p 2222", 2222)]
    [InlineData("-p 2222 h -N -p 3333", 2222)]
    [InlineData("-N -oPort=2222 h", 2222)]
    [InlineData("-N -o Port=2222 h", 2222)]
    [InlineData("-N -o Port=2222 -p 3333 h", 2222)]
    [InlineData("-N -p 2222 -- h", 2222)]
    [InlineData("ssh -N -p 2222 h", 2222)]
    [InlineData("-N ssh://h:2222", 2222)]
    [InlineData("-N ssh://h:2222 -p 3333", 2222)]
    [InlineData("-p 2222 -N ssh://h:3333", 2222)]
    [InlineData("-N ssh://joe@[::1]:2222/", 2222)]
    [InlineData("-N h", 22)]
    public void The_port_is_the_first_that_was_given(string line, int port) =>
        Assert.Equal(port, Resolve(Parse(line)).Port);

    [Theory]
    [InlineData("-N h", "joe", "h")]
    [InlineData("-N ann@h", "ann", "h")]
    [InlineData("-N ann@example.com@h", "ann@example.com", "h")]
    [InlineData("-N -l bob ann@h", "bob", "h")]
    [InlineData("-N ann@h -l bob", "ann", "h")]
    [InlineData("-N -lbob h", "bob", "h")]
    [InlineData("-N ssh://ann@h", "ann", "h")]
    [InlineData("-N ssh://ann%40x@h:1", "ann@x", "h")]
    [InlineData("-N ann@::1", "ann", "::1")]
    [InlineData("-N ann@H.Example", "ann", "h.example")]
    [InlineData("ssh -N ssh", "joe", "ssh")]
    [InlineData("-N ls", "joe", "ls")]
    public void User_and_host_are_found(string line, string user, string host)
    {
        HostConfig config = Resolve(Parse(line));
        Assert.Equal((user, host), (config.User, config.HostName));
    }

    [Fact]
    public void Each_served_option_reaches_its_keyword()
    {
        SshCommandLine line = SshCommandLine.Parse(
        [
            "-46agknNTvvx", "-b", "127.0.0.1", "-c", "aes256-gcm@openssh.com", "-m", "hmac-sha2-512", "-i", "/k 1", "-i/k2", "-E", "log", "-F", "none",
            "-L", "1:a:2", "-L", "0.0.0.0:3:b:4", "-o", "Compression yes", "-o", "UserKnownHostsFile \"/a b\" /c", "h",
        ]);
        HostConfig config = line.Resolve(Joe);
        Assert.Equal(("log", "none"), (line.LogFile, line.ConfigFile));
        Assert.Equal(System.Net.Sockets.AddressFamily.InterNetwork, config.AddressFamily);
        Assert.Equal("127.0.0.1", config.BindAddress);
        Assert.Equal(["aes256-gcm@openssh.com"], config.Algorithms.Ciphers);
        Assert.Equal(["hmac-sha2-512"], config.Algorithms.Macs);
        Assert.Equal(["/k 1", "/k2"], config.IdentityFiles.Select(file => file.Value));
        Assert.Equal(["*:1:a:2", "0.0.0.0:3:b:4"], config.LocalForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal(["/a b", "/c"], config.UserKnownHostsFiles.AsEnumerable());
        Assert.Equal(LogVerbosity.Debug2, config.LogLevel);
        Assert.Contains(config.Notes, note => note.Contains("Compression has no effect", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-N h", LogVerbosity.Info)]
    [InlineData("-Nv h", LogVerbosity.Debug1)]
    [InlineData("-N -v -v -v -v h", LogVerbosity.Debug3)]
    [InlineData("-Nvq h", LogVerbosity.Quiet)]
    [InlineData("-Nqv h", LogVerbosity.Debug1)]
    [InlineData("-N -o LogLevel=ERROR h", LogVerbosity.Error)]
    [InlineData("-N -o LogLevel=ERROR -v h", LogVerbosity.Debug1)]
    public void Loudness_follows_the_last_of_v_and_q(string line, object expected) =>
        Assert.Equal(expected, Resolve(Parse(line)).LogLevel);

    [Theory]
    [InlineData("", "the destination is missing")]
    [InlineData("-N", "the destination is missing")]
    [InlineData("ssh", "the destination is missing")]
    [InlineData("-N --", "the destination is missing")]
    [InlineData("-N -p", "-p needs its argument port")]
    [InlineData("h -NL", "-L needs its argument address")]
    [InlineData("-Z h", "unknown option -Z")]
    [InlineData("-V4Z", null)]
    [InlineData("-H h", "the nearest known one is -h")]
    [InlineData("--hlep", "the nearest known one is --help")]
    [InlineData("--frobnicate", "unknown option --frobnicate; see adit --help")]
    [InlineData("-N -R 1:a:2 h", "-R is not served yet")]
    [InlineData("-ND 1080 h", "-D is not served yet")]
    [InlineData("-W a:1 h", "-W is not served yet")]
    [InlineData("-J a h", "-J is not served yet")]
    [InlineData("-fN h", "-f is not served yet")]
    [InlineData("-G h", "-G is not served yet")]
    [InlineData("-M h", "-M is not served yet")]
    [InlineData("-S x h", "-S is not served yet")]
    [InlineData("-O check h", "-O is not served yet")]
    [InlineData("-A h", "-A is not served yet")]
    [InlineData("-X h", "-X is not served yet")]
    [InlineData("-Y h", "-Y is not served yet")]
    [InlineData("-t h", "-t is not served yet")]
    [InlineData("-s h", "-s is not served yet")]
    [InlineData("-w 0 h", "-w is not served yet")]
    [InlineData("-e x h", "-e is not served yet")]
    [InlineData("-B x h", "-B is not served yet")]
    [InlineData("-I x h", "-I is not served yet")]
    [InlineData("-K h", "-K is not served yet")]
    [InlineData("-P x h", "-P is not served yet")]
    [InlineData("-Q x h", "-Q is not served yet")]
    [InlineData("-N h uptime", "no command can run: \"uptime\"")]
    [InlineData("-N @h", "the user in front of the @ is missing")]
    [InlineData("-N a@", "\"\" is not a host")]
    [InlineData("-N -- -h", "\"-h\" is not a host")]
    [InlineData("-N ssh://h:0", "not a port from 1 to 65535")]
    [InlineData("-N ssh://h:x", "not a port from 1 to 65535")]
    [InlineData("-N ssh://h/x", "not a host")]
    [InlineData("-N ssh://", "not a host")]
    [InlineData("-N -o Foo h", "no argument after the keyword \"Foo\"")]
    [InlineData("-N -o #x h", "needs a keyword and a value")]
    public void What_cannot_be_served_is_told(string line, string? message)
    {
        if (message is null)
            Assert.Equal(CommandLineRequest.Version, Parse(line).Request);
        else
            Assert.Contains(message, Assert.Throws<UsageException>(() => Parse(line)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-Np 0 h", "-p: Port cannot be \"0\"")]
    [InlineData("-Np 65536 h", "-p: Port cannot be \"65536\"")]
    [InlineData("-NL x h", "-L: LocalForward: \"x\" is not a local forward")]
    [InlineData("-Nc nonsense h", "-c: Ciphers \"nonsense\" leaves no algorithm")]
    [InlineData("-N -oConectTimeout=3 h", "command line: unknown keyword \"ConectTimeout\"; the nearest known one is ConnectTimeout")]
    [InlineData("-N -oProxyJump=b h", "command line: ProxyJump applies to this destination")]
    [InlineData("-N -oHost=b h", "command line: Host belongs in a file")]
    [InlineData("-NF /nonexistent/file h", "/nonexistent/file: the configuration file of -F does not exist")]
    public void An_option_with_a_wrong_value_is_named(string line, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => Parse(line).Resolve(Joe)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("h")]
    [InlineData("-T h")]
    [InlineData("-L 1:a:2 h")]
    [InlineData("-o SessionType=default -N h")]
    public void Without_N_the_user_is_told_to_add_it(string line) =>
        Assert.Contains("add -N", Assert.Throws<UsageException>(() => Resolve(Parse(line))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("--help", CommandLineRequest.Help)]
    [InlineData("-h", CommandLineRequest.Help)]
    [InlineData("ssh --help", CommandLineRequest.Help)]
    [InlineData("-N x --help", CommandLineRequest.Help)]
    [InlineData("--version", CommandLineRequest.Version)]
    [InlineData("-V", CommandLineRequest.Version)]
    [InlineData("-vV", CommandLineRequest.Version)]
    public void Help_and_version_need_no_destination(string line, object request) =>
        Assert.Equal(request, Parse(line).Request);

    [Fact]
    public void Options_without_effect_are_noted() =>
        Assert.Equal(
            ["the option -C has no effect in this version", "the option -y has no effect in this version"], Parse("-NCy h").Notes.AsEnumerable());

    [Fact]
    public void The_help_fits_a_screen()
    {
        string[] lines = HelpText.Text.Split('\n');
        Assert.InRange(lines.Length, 10, 23);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void Any_arguments_give_a_command_line_or_a_usage_error() =>
        Prop.ForAll<string?[]>(words => ParsesOrRefuses([.. words.Select(word => word ?? "")])).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_mixture_of_options_gives_a_configuration_or_an_error()
    {
        Gen<string> word = Gen.Elements(
            "-N", "-L", "1:a:2", "-p", "22", "-vN", "h", "u@h", "ssh://h", "-o", "Port=3", "-oUser x", "--", "ssh", "-i", "x", "-F", "none", "[::1]:5:a:6", "-");
        Prop.ForAll(Arb.From(Gen.ArrayOf(word)), words => ParsesOrRefuses(words)).QuickCheckThrowOnFailure();
    }

    private static void ParsesOrRefuses(string[] words)
    {
        try
        {
            SshCommandLine line = SshCommandLine.Parse(words);
            if (line.Request == CommandLineRequest.Connect)
                (line with { ConfigFile = "none" }).Resolve(Joe);
        }
        catch (Exception e) when (e is UsageException or ConfigException)
        {
            Assert.NotEmpty(e.Message);
        }
    }

    private static SshCommandLine Parse(string line) => SshCommandLine.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static HostConfig Resolve(SshCommandLine line) => (line with { ConfigFile = "none" }).Resolve(Joe);
}
