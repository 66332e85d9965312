using System.Globalization;
using System.Net;
using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

/// <summary>What an ssh 9.2 does not know yet, or what needs a machine of the test's own.</summary>
public sealed class SshConfigMatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _commands = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tagged work", true)]
    [InlineData("tagged w*,x", true)]
    [InlineData("tagged=work", true)]
    [InlineData("tagged home", false)]
    [InlineData("tagged \"\"", false)]
    [InlineData("!tagged home", true)]
    [InlineData("command \"psql *\"", true)]
    [InlineData("command psql", false)]
    [InlineData("command \"\"", false)]
    [InlineData("sessiontype exec", true)]
    [InlineData("sessiontype shell", false)]
    [InlineData("version Adit_*", true)]
    [InlineData("version OpenSSH_*", false)]
    [InlineData("localnetwork 10.1.0.0/16", true)]
    [InlineData("localnetwork 192.0.2.0/24,10.1.2.3", true)]
    [InlineData("localnetwork fd00::/8", true)]
    [InlineData("localnetwork 10.2.0.0/16", false)]
    [InlineData("!localnetwork 10.2.0.0/16", true)]
    [InlineData("localuser joe user joe originalhost h", true)]
    [InlineData("localuser joe !user joe", false)]
    public void A_criterion_decides(string criteria, bool fits)
    {
        Write($"Match {criteria}\nPort 2\n");
        Assert.Equal(fits ? 2 : 22, Resolve("h", query => query with { Command = "psql -l", Options = [ConfigLine.Option("-P", "Tag", "work")] }).Port);
    }

    [Theory]
    [InlineData("", null, "shell")]
    [InlineData("x", null, "exec")]
    [InlineData("x", "subsystem", "subsystem")]
    [InlineData("", "none", "none")]
    [InlineData("", "default", "shell")]
    public void The_session_s_type_is_known_from_the_command_line(string command, string? type, string expected)
    {
        Write($"Match sessiontype {expected}\nPort 2\n");
        Assert.Equal(2, Resolve("h", query => query with { Command = command, Options = type is null ? [] : [ConfigLine.Option("-s", "SessionType", type)] }).Port);
    }

    [Theory]
    [InlineData("Match tagged \"\"\nPort 2\n")]
    [InlineData("Match command \"\"\nPort 2\n")]
    [InlineData("Tag a\nTag b\nMatch tagged a\nPort 2\n")]
    public void What_is_empty_fits_an_empty_argument_and_the_first_tag_counts(string text)
    {
        Write(text);
        Assert.Equal(2, Resolve("h").Port);
    }

    [Fact]
    public void A_command_gets_the_tokens_that_are_known_by_then_and_decides()
    {
        Write("HostName %h.example\nUser ann\nMatch exec \"yes %h %n %p %r %u %L %i %j %k %% %d\"\nPort 2\nMatch exec no\nConnectTimeout 9\nMatch !exec no\nConnectionAttempts 3\n");
        HostConfig config = Resolve("h");
        Assert.Equal((2, null, 3), (config.Port, config.ConnectTimeout, config.ConnectionAttempts));
        Assert.Equal([$"yes h.example h 22 ann joe here 1000  h.example % {_folder.Path}", "no", "no"], _commands);
    }

    [Fact]
    public void A_command_runs_only_where_it_decides()
    {
        _folder.Write(".ssh/inner", "Match exec inner\nPort 3\n");
        Write("Match host other exec one\nPort 2\nHost other\nInclude inner\nMatch exec two host other\nPort 2\n");
        Assert.Equal(22, Resolve("h").Port);
        Assert.Equal(["two"], _commands);
    }

    [Theory]
    [InlineData("Match exec %z", ":1: the token %z is not known here")]
    [InlineData("Match exec broken", ":1: Match exec: it is broken")]
    [InlineData("Match localnetwork here", ":1: Match localnetwork: ")]
    [InlineData("Match localnetwork", ":1: Match localnetwork needs an argument")]
    [InlineData("Match tagged", ":1: Match tagged needs an argument")]
    [InlineData("Match canonical all host h", ":1: Match all stands alone")]
    public void What_cannot_be_decided_is_an_error(string line, string message)
    {
        string path = Write(line + "\nPort 2\n");
        Assert.StartsWith(path + message, Assert.Throws<ConfigException>(() => Resolve("h")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Match final\nPort 2\n", 2)]
    [InlineData("Match !final\nPort 2\n", 2)]
    [InlineData("Match canonical\nPort 2\n", 22)]
    [InlineData("Match !canonical\nPort 2\n", 2)]
    [InlineData("Match final canonical\nPort 2\n", 2)]
    [InlineData("CanonicalizeHostname yes\nMatch canonical all\nPort 2\n", 2)]
    [InlineData("CanonicalizeHostname yes\nCanonicalDomains b.example a.example\nHost h.a.example\nPort 2\n", 2)]
    public void Files_are_read_twice_where_something_asks_for_it(string text, int port)
    {
        Write(text);
        Assert.Equal(port, Resolve("h").Port);
    }

    [Fact]
    public void An_included_path_may_hold_tokens_and_variables()
    {
        _folder.Write(".ssh/hosts/h-joe", "Port 2\n");
        _folder.Write("shared/10", "User ann\n");
        Write("Include hosts/%n-%u ${SHARED}/[0-9]*\n");
        HostConfig config = Resolve("h");
        Assert.Equal((2, "ann"), (config.Port, config.User));
    }

    [Fact]
    public void The_user_s_shell_runs_a_command_without_input_and_output()
    {
        string file = Path.Join(_folder.Path, "ran");
        Assert.True(ShellCommand.Succeeds($"echo to nobody; cat; echo done > '{file}'"));
        Assert.True(File.Exists(file));
        Assert.False(ShellCommand.Succeeds("exit 3"));
        Assert.False(ShellCommand.Succeeds("kill -9 $$"));
    }

    [Fact]
    public void A_command_that_does_not_end_is_ended()
    {
        FormatException e = Assert.Throws<FormatException>(() => ShellCommand.Succeeds("exec tail -f /dev/null", TimeSpan.FromMilliseconds(100)));
        Assert.StartsWith("the command did not end within 0.1 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machine_has_its_loopback_address() =>
        Assert.Contains(IPAddress.Loopback, LocalMachine.Current.Addresses());

    private string Write(string text) => _folder.Write(".ssh/config", text);

    private HostConfig Resolve(string alias, Func<HostQuery, HostQuery>? with = null)
    {
        LocalUser joe = new()
        {
            Name = "joe",
            Id = 1000.ToString(CultureInfo.InvariantCulture),
            Home = _folder.Path,
            HostName = "here.example.com",
            Variable = name => name == "SHARED" ? Path.Join(_folder.Path, "shared") : null,
            Machine = new()
            {
                Addresses = () => [IPAddress.Loopback, IPAddress.Parse("10.1.2.3"), IPAddress.Parse("fd00::1")],
                CanonicalName = (name, _) => name == "h.a.example." ? "h.a.example" : null,
                Succeeds = command =>
                {
                    _commands.Add(command);
                    return command == "broken" ? throw new FormatException("it is broken") : command.StartsWith("yes", StringComparison.Ordinal);
                },
            },
        };
        HostQuery query = new(alias) { Local = joe, SystemDirectory = _folder.Path };
        return SshConfig.Resolve(with is null ? query : with(query));
    }
}
