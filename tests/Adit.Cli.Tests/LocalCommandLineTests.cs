using Adit.OpenSsh;

namespace Adit.Cli.Tests;

/// <summary>The command lines of <c>adit run</c> and <c>adit psql</c>, and Adit's own options.</summary>
public sealed class LocalCommandLineTests : IDisposable
{
    private static readonly LocalUser Joe = new() { Name = "joe", Id = "1000", Home = "/nonexistent", HostName = "here", Variable = _ => null };

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("ann@h -- psql -d x", "psql|-d|x", "localhost:0:localhost:5432")]
    [InlineData("h psql -d x", "psql|-d|x", "localhost:0:localhost:5432")]
    [InlineData("-p 2222 h -L db:5432 -- psql -L x", "psql|-L|x", "localhost:0:db:5432")]
    [InlineData("-L 7:db:5432 -L db2:3306 h -- env", "env", "localhost:7:db:5432 localhost:0:db2:3306")]
    [InlineData("-L /run/x.sock h -- env", "env", "localhost:0:/run/x.sock")]
    [InlineData("-L [::1]:5432 h -- env -- a", "env|--|a", "localhost:0:[::1]:5432")]
    public void A_run_has_a_destination_forwards_and_a_command(string line, string words, string forwards)
    {
        SshCommandLine parsed = Parse(line, CommandForm.Run);
        HostConfig config = Resolve(parsed);
        Assert.Equal(words, string.Join('|', parsed.Words));
        Assert.Equal(forwards, string.Join(' ', config.LocalForwards.Select(forward => forward.Value)));
        Assert.Equal((SessionType.None, true, true, ControlMaster.No), (config.SessionType, config.Reconnect, config.ExitOnForwardFailure, config.ControlMaster));
        Assert.Null(config.Command);
    }

    [Theory]
    [InlineData("h", "psql")]
    [InlineData("h -d x -c y -L -- z", "psql|-d|x|-c|y|-L|--|z")]
    [InlineData("-v h -- -d x", "psql|-d|x")]
    [InlineData("-L db:5433 h --help", "psql|--help")]
    public void Behind_the_destination_all_is_for_psql(string line, string words) =>
        Assert.Equal(words, string.Join('|', Parse(line, CommandForm.Psql).Words));

    [Theory]
    [InlineData("h", "the command is missing")]
    [InlineData("", "the destination is missing; write adit run")]
    [InlineData("-f h -- x", "the option -f does not go with adit run")]
    [InlineData("-W a:1 h -- x", "the option -W does not go with adit run")]
    [InlineData("-M h -- x", "the option -M does not go with adit run")]
    [InlineData("-S /s h -- x", "the option -S does not go with adit run")]
    [InlineData("-O check h -- x", "the option -O does not go with adit run")]
    [InlineData("--admit any h -- x", "the option --admit does not go with adit run")]
    public void What_makes_no_sense_with_a_command_is_refused(string line, string why) =>
        Assert.StartsWith(why, Assert.Throws<UsageException>(() => Parse(line, CommandForm.Run)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_command_is_told_ports_and_no_sockets() => Assert.StartsWith(
        "-L /tmp/s:db:5432 listens on a socket", Assert.Throws<UsageException>(() => Resolve(Parse("h -L /tmp/s:db:5432 -- x", CommandForm.Run))).Message, StringComparison.Ordinal);

    [Fact]
    public void What_files_share_and_forward_is_not_the_commands()
    {
        File.WriteAllText(_file, "Host h\nControlMaster auto\nControlPath /s\nLocalForward 5432 localhost:5432\nDynamicForward 1080\nRemoteForward 9 a:9\nClearAllForwardings yes\nSessionType default\nForkAfterAuthentication yes\nRemoteCommand top\n");
        HostConfig config = (Parse("h -- x", CommandForm.Run) with { ConfigFile = _file }).Resolve(Joe);
        Assert.Equal((ControlMaster.No, null, false, SessionType.None), (config.ControlMaster, config.ControlPath, config.ForkAfterAuthentication, config.SessionType));
        Assert.Equal("localhost:0:localhost:5432", Assert.Single(config.LocalForwards).Value.ToString());
        Assert.Empty(config.RemoteForwards);
        Assert.Empty(config.DynamicForwards);
    }

    [Theory]
    [InlineData("--admit=pid:7 h")]
    [InlineData("h --admit pid:7")]
    [InlineData("-o AditAdmit=pid:7 h")]
    public void A_rule_can_be_an_option(string line) => Assert.Equal("pid:7", Resolve(Parse(line)).Admit?.Value.ToString());

    [Theory]
    [InlineData("AditAdmit same-user or exe:\"/opt/my app\" # us", "same-user or exe:\"/opt/my app\"")]
    [InlineData("AditAdmit \"user:joe or user:ann\"", "user:joe or user:ann")]
    [InlineData("AditAdmit default\nAditAdmit any", null)]
    public void A_rule_in_a_file_has_blanks_and_quotes_of_its_own(string text, string? rule)
    {
        File.WriteAllText(_file, text);
        HostConfig config = (Parse("h") with { ConfigFile = _file }).Resolve(Joe);
        Assert.Equal(rule, config.Admit?.Value.ToString());
        Assert.Contains($"aditadmit {rule ?? "default"}", EffectiveConfig.Lines(config));
    }

    [Theory]
    [InlineData("AditAdmit usr:joe", "AditAdmit: unknown rule \"usr:joe\"")]
    [InlineData("AditMaxConnections 0", "AditMaxConnections cannot be \"0\"")]
    [InlineData("AditExpect mysql", "AditExpect cannot be \"mysql\": write postgres, none or default")]
    [InlineData("AditExpectCert sha256:00", "AditExpectCert cannot be \"sha256:00\"")]
    public void What_is_wrong_is_said_with_its_place(string text, string why)
    {
        File.WriteAllText(_file, "Port 22\n" + text);
        ConfigException refused = Assert.Throws<ConfigException>(() => (Parse("h") with { ConfigFile = _file }).Resolve(Joe));
        Assert.StartsWith($"{_file}:2: {why}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adits_own_options_reach_their_keywords()
    {
        string digits = string.Join(':', Enumerable.Repeat("AB", 32));
        SshCommandLine line = Parse($"--owner 7 --max-connections 5 --idle-timeout=1m --lifetime 2h --expect postgres --expect-cert sha256:{digits} -N h");
        HostConfig config = Resolve(line);
        Assert.Equal((7, 5, TimeSpan.FromMinutes(1), TimeSpan.FromHours(2)), (line.Owner, config.MaxConnections, config.IdleTimeout, config.Lifetime));
        Assert.Equal((true, string.Concat(Enumerable.Repeat("ab", 32))), (config.ExpectPostgres, config.ExpectCert));
        string[] lines = [.. EffectiveConfig.Lines(config)];
        Assert.Contains("aditmaxconnections 5", lines);
        Assert.Contains("aditexpect postgres", lines);
        Assert.Contains($"aditexpectcert sha256:{config.ExpectCert}", lines);
    }

    [Theory]
    [InlineData("--owner", "the option --owner needs its argument PID")]
    [InlineData("--owner me", "--owner cannot be \"me\": write the number of a process")]
    [InlineData("--help=x", "the option --help takes no value")]
    [InlineData("--lifetme 5", "unknown option --lifetme; the nearest known one is --lifetime")]
    public void A_wrong_option_is_an_error(string line, string why) =>
        Assert.Equal(why, Assert.Throws<UsageException>(() => Parse(line)).Message);

    [Fact]
    public void The_help_of_a_run_fits_a_screen()
    {
        Assert.Equal((CommandLineRequest.Help, CommandForm.Run), (Parse("--help", CommandForm.Run).Request, Parse("-h", CommandForm.Run).Form));
        string[] lines = HelpText.Run.Split('\n');
        Assert.InRange(lines.Length, 10, 23);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 80));
    }

    private static SshCommandLine Parse(string line, CommandForm form = CommandForm.Ssh) =>
        SshCommandLine.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), form);

    private static HostConfig Resolve(SshCommandLine line) => (line with { ConfigFile = "none" }).Resolve(Joe);
}
