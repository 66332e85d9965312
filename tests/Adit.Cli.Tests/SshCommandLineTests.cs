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
    public void Each_option_reaches_its_keyword()
    {
        SshCommandLine line = SshCommandLine.Parse(
        [
            "-G", "-64gnMMftts", "-B", "eth0", "-b", "127.0.0.1", "-c", "aes256-gcm@openssh.com", "-m", "hmac-sha2-512", "-i", "/k 1", "-i/k2",
            "-E", "log", "-F", "none", "-L", "1:a:2", "-L", "0.0.0.0:3:b:4", "-R", "0:c:5", "-R", "6", "-D", "7", "-J", "u@j1:8,j2", "-e", "^a",
            "-P", "work", "-S", "/s", "-o", "SetEnv A=b \"C=d e\"", "-o", "UserKnownHostsFile \"/a b\" /c", "h", "-A", "-C", "-X", "sftp", "-N",
        ]);
        HostConfig config = line.Resolve(Joe);
        Assert.Equal((CommandLineRequest.Config, "log", "none", "sftp -N"), (line.Request, line.LogFile, line.ConfigFile, line.Command));
        Assert.Equal(System.Net.Sockets.AddressFamily.InterNetwork, config.AddressFamily);
        Assert.Equal(("eth0", "127.0.0.1", "work", "/s"), (config.BindInterface, config.BindAddress, config.Tag, config.ControlPath));
        Assert.Equal(["aes256-gcm@openssh.com"], config.Algorithms.Ciphers);
        Assert.Equal(["hmac-sha2-512"], config.Algorithms.Macs);
        Assert.Equal(["/k 1", "/k2"], config.IdentityFiles.Select(file => file.Value));
        Assert.Equal(["*:1:a:2", "0.0.0.0:3:b:4"], config.LocalForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal(["localhost:0:c:5", "localhost:6"], config.RemoteForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal(["*:7"], config.DynamicForwards.Select(forward => forward.Value.ToString()));
        Assert.Equal([new("u", "j1", 8), new(null, "j2", null)], config.Jumps.AsEnumerable());
        Assert.Equal(["/a b", "/c"], config.UserKnownHostsFiles.AsEnumerable());
        Assert.Equal([new("A", "b"), new("C", "d e")], config.SetEnv.AsEnumerable());
        Assert.Equal((SessionType.Subsystem, "sftp -N", RequestTty.Force), (config.SessionType, config.Command, config.RequestTty));
        Assert.Equal((true, true, '\x01', ControlMaster.Ask), (config.ForkAfterAuthentication, config.StdinNull, config.EscapeChar, config.ControlMaster));
        Assert.Equal(
            ["-A: ForwardAgent has no effect: the agent stays here", "-C: Compression has no effect: nothing is compressed", "-X: ForwardX11 has no effect: X11 is not forwarded"],
            config.Notes.AsEnumerable());
    }

    [Theory]
    [InlineData("h uptime", "uptime")]
    [InlineData("h -v psql -h db -- -x", "psql -h db -- -x")]
    [InlineData("-- h -v", "-v")]
    [InlineData("h -- -v x", "-v x")]
    [InlineData("h -T - x", "- x")]
    [InlineData("ssh h ssh", "ssh")]
    [InlineData("h", "")]
    public void The_command_begins_behind_the_destination_and_its_options(string line, string command) =>
        Assert.Equal(("h", command), (Parse(line).Destination, Parse(line).Command));

    [Theory]
    [InlineData("-G -T h", RequestTty.No)]
    [InlineData("-G -t h", RequestTty.Yes)]
    [InlineData("-G -t -t h", RequestTty.Force)]
    [InlineData("-G -tT h", RequestTty.No)]
    [InlineData("-G -Tt h", RequestTty.Yes)]
    [InlineData("-G -oRequestTTY=force -N h", RequestTty.No)]
    [InlineData("-G -N -oRequestTTY=force h", RequestTty.No)]
    [InlineData("-G h", RequestTty.Auto)]
    public void The_terminal_is_what_was_said_last(string line, object expected) =>
        Assert.Equal(expected, Resolve(Parse(line)).RequestTty);

    [Fact]
    public void W_wants_no_session_and_no_forwards_unless_they_are_asked_for()
    {
        HostConfig config = Resolve(Parse("-G -L 1:a:2 -R 3 -W db:5432 h"));
        Assert.Equal(("db:5432", SessionType.None, RequestTty.No), (config.StdioForward?.ToString(), config.SessionType, config.RequestTty));
        Assert.Equal((true, true, false), (config.ExitOnForwardFailure, config.ClearAllForwardings, config.Reconnect));
        Assert.Empty(config.LocalForwards.Concat(config.RemoteForwards));
        config = Resolve(Parse("-G -L 1:a:2 -W /run/s -oClearAllForwardings=no -oExitOnForwardFailure=no h"));
        Assert.Equal(("/run/s", false, 1), (config.StdioForward?.ToString(), config.ExitOnForwardFailure, config.LocalForwards.Length));
    }

    [Theory]
    [InlineData("-O check -S /s h", "check")]
    [InlineData("-Oforward -L 1:a:2 -S /s h", "forward")]
    [InlineData("h -O exit", "exit")]
    public void O_gives_its_word(string line, string word) =>
        Assert.Equal((CommandLineRequest.Control, word), (Parse(line).Request, Parse(line).ControlWord));

    [Theory]
    [InlineData("-G -O check h")]
    [InlineData("-O check -S /s h -G")]
    public void G_shows_what_holds_and_does_nothing_else(string line) => Assert.Equal(CommandLineRequest.Config, Parse(line).Request);

    [Theory]
    [InlineData("-G -O check -O exit h", "was given already")]
    [InlineData("-G -O check -W a:1 h", "do not go together")]
    [InlineData("-G -W a:1 -O check h", "do not go together")]
    public void O_stands_alone_beside_G_too(string line, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => Parse(line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("-s h", "write its name behind the destination")]
    [InlineData("-f h", "add -N or write a command")]
    [InlineData("-O check h", "add -S path")]
    [InlineData("-f -O check -S /s h", "add -N or write a command")]
    public void What_is_incomplete_is_told(string line, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => Resolve(Parse(line))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("-Q cipher", "aes256-gcm@openssh.com")]
    [InlineData("-vQ Ciphers", "chacha20-poly1305@openssh.com")]
    [InlineData("-Q mac", "hmac-sha2-256-etm@openssh.com")]
    [InlineData("-Q kex", "curve25519-sha256")]
    [InlineData("-Q key", "ssh-rsa")]
    [InlineData("-Q key-cert", "ssh-ed25519-cert-v01@openssh.com")]
    [InlineData("-Q key-plain", "ssh-ed25519")]
    [InlineData("-Q sig", "rsa-sha2-512")]
    [InlineData("-Q HostKeyAlgorithms", "rsa-sha2-512-cert-v01@openssh.com")]
    [InlineData("-Q protocol-version", "2")]
    [InlineData("-Q help", "cipher-auth")]
    public void Q_lists_what_is_served_and_needs_no_destination(string line, string contained)
    {
        SshCommandLine query = Parse(line);
        Assert.Equal(CommandLineRequest.Query, query.Request);
        Assert.Contains(contained, AlgorithmQuery.Lines(query.QueryWord));
    }

    [Fact]
    public void A_list_that_does_not_exist_is_told() =>
        Assert.Contains("the nearest is cipher", Assert.Throws<UsageException>(() => AlgorithmQuery.Lines("cyphr")).Message, StringComparison.Ordinal);

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
    [InlineData("-w 0 h", "-w is not served: there are no tunnels of the network's layers")]
    [InlineData("-I x h", "-I is not served: keys of tokens are used by way of the agent")]
    [InlineData("-1 h", "-1 is not served")]
    [InlineData("-W a h", "-W: \"a\" is not a target for -W: it needs a host and a port")]
    [InlineData("-W a:1 -W b:2 h", "-W was given already")]
    [InlineData("-W a:1 -O check h", "-O and -W do not go together")]
    [InlineData("-O check -W a:1 h", "-O and -W do not go together")]
    [InlineData("-O check -O exit h", "-O was given already")]
    [InlineData("-O chekc h", "write one of check, conninfo, channels, forward, cancel, proxy, exit, stop; the nearest is check")]
    [InlineData("-J a -J b h", "-J was given already")]
    [InlineData("-oProxyCommand=x -J b h", "-J and ProxyCommand both say how to connect")]
    [InlineData("-N -s h x", "-s does not go together with a session of type none")]
    [InlineData("-s -N h x", "-N does not go together with a session of type subsystem")]
    [InlineData("-y -E log h", "-y and -E both say where messages go")]
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
    [InlineData("-NJ b/c h", "-J: ProxyJump: \"b/c\" is not a host on the way")]
    [InlineData("-NR x:y:z h", "-R: RemoteForward: \"x:y:z\" is not a remote forward")]
    [InlineData("-ND x h", "-D: DynamicForward: \"x\" is not a dynamic forward")]
    [InlineData("-Ne xy h", "-e: EscapeChar cannot be \"xy\"")]
    [InlineData("-N -l a;b h", "-l: \"a;b\" is not a user")]
    [InlineData("-N $(x)@h", "destination: \"$(x)\" is not a user")]
    [InlineData("-N `x`", "\"`x`\" is not a destination")]
    [InlineData("-G -oRemoteCommand=x h y", "RemoteCommand applies to this destination, and there is a command behind it too: \"y\"")]
    [InlineData("-N -oHost=b h", "command line: Host belongs in a file")]
    [InlineData("-NF /nonexistent/file h", "/nonexistent/file: the configuration file of -F does not exist")]
    public void An_option_with_a_wrong_value_is_named(string line, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => Parse(line).Resolve(Joe)).Message, StringComparison.Ordinal);

    /// <summary>Each goes with its line in <see cref="NotYetServed"/>.</summary>
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
            "-N", "-L", "1:a:2", "-p", "22", "-vN", "h", "u@h", "ssh://h", "-o", "Port=3", "-oUser x", "--", "ssh", "-i", "x", "-F", "none", "[::1]:5:a:6", "-", "-G", "-W", "-O", "check", "-J", "-t", "-s", "-M", "-R", "-D");
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
