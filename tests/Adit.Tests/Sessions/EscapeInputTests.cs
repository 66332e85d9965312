using System.IO.Pipelines;
using System.Text;
using Adit.Relay;
using Adit.Sessions;
using Adit.Ssh.Connection;
using Adit.Tests.Shared;

namespace Adit.Tests.Sessions;

/// <summary>What escape sequences do, and what is left of the input.</summary>
public class EscapeInputTests
{
    [Fact]
    public async Task What_was_typed_before_a_sequence_is_sent_before_it_is_carried_out()
    {
        var actions = new TypedActions();
        var typed = new Pipe();
        await using var input = new EscapeInput(typed.Reader.AsStream(), new((byte)'~'), actions);
        await typed.Writer.WriteAsync("before\r~Rbehind"u8.ToArray());
        byte[] buffer = new byte[100];
        Assert.Equal("before\r".Length, await input.ReadAsync(buffer));
        Assert.Empty(actions.Done);
        Assert.Equal("behind".Length, await input.ReadAsync(buffer));
        Assert.Equal(["rekey"], actions.Done);
    }

    [Theory]
    [InlineData("~.rest", "", "disconnect", "~.\r\n")]
    [InlineData("~Bx", "x", "break", "~B\r\n")]
    [InlineData("~vx", "x", "more", "~v [LogLevel DEBUG1]\r\n")]
    [InlineData("~Vx", "x", "less", "~V [LogLevel QUIET]\r\n")]
    [InlineData("~\x1ax", "x", "suspend", "~^Z [suspend adit]\r\n")]
    [InlineData("~Ix", "x", "", "~I\r\nto somewhere\r\n")]
    [InlineData("~&x", "\x04", "background", "")]
    [InlineData("~Cx", "x", "", "commandline disabled\r\n")]
    public async Task Each_sequence_does_its_own(string typed, string sent, string done, string said)
    {
        var actions = new TypedActions();
        Assert.Equal(sent, await RunAsync(actions, typed));
        Assert.Equal((done, said), (string.Join(' ', actions.Done), actions.Said.ToString()));
    }

    [Fact]
    public async Task A_session_that_cannot_go_to_the_background_goes_on()
    {
        var actions = new TypedActions { GoesToBackground = false };
        Assert.Equal("x", await RunAsync(actions, "~&x"));
    }

    [Theory]
    [InlineData("~&")]
    [InlineData("~C")]
    [InlineData("~V")]
    [InlineData("~\x1a")]
    public async Task Some_sequences_are_left_out_where_the_connection_is_another_processs(string typed)
    {
        var actions = new TypedActions { IsMultiplexed = true, AllowsCommandLine = true };
        Assert.Equal("x", await RunAsync(actions, typed + "x"));
        Assert.Empty(actions.Done);
        Assert.EndsWith(" escape not available to multiplexed sessions\r\n", actions.Said.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-L 8080:localhost:80", "LocalForward 8080:localhost:80")]
    [InlineData("  L8080:localhost:80 ", "LocalForward 8080:localhost:80")]
    [InlineData("-R2222:localhost:22", "RemoteForward 2222:localhost:22")]
    [InlineData("-D 1080", "DynamicForward 1080")]
    [InlineData("-KL8080", "CancelLocalForward 8080")]
    [InlineData("-KR 2222", "CancelRemoteForward 2222")]
    [InlineData("-KD1080", "CancelDynamicForward 1080")]
    [InlineData("! ls -l", "LocalCommand ls -l")]
    [Trait("Surface", "S1-22")]
    public async Task The_command_line_asks_for_forwards_and_commands(string line, string done)
    {
        var actions = new TypedActions { AllowsCommandLine = true, AllowsLocalCommands = true, Lines = new([line]) };
        Assert.Equal("x", await RunAsync(actions, "~Cx"));
        Assert.Equal([done], actions.Done);
        Assert.EndsWith("> done\r\n", actions.Said.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("-", "")]
    [InlineData(null, "")]
    [InlineData("-K", "Invalid command.")]
    [InlineData("-X", "Invalid command.")]
    [InlineData("K!x", "Invalid command.")]
    [InlineData("! ls", "Invalid command.")]
    [InlineData("help", "Commands:")]
    [InlineData("-?", "Commands:")]
    public async Task What_is_no_command_does_nothing(string? line, string said)
    {
        var actions = new TypedActions { AllowsCommandLine = true, Lines = new([line]) };
        Assert.Equal("x", await RunAsync(actions, "~Cx"));
        Assert.Empty(actions.Done);
        Assert.Contains(said, actions.Said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("!command", actions.Said.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_help_tells_what_there_is(bool multiplexed, bool commandLine)
    {
        var actions = new TypedActions { IsMultiplexed = multiplexed, AllowsCommandLine = commandLine };
        await RunAsync(actions, "~?");
        string said = actions.Said.ToString();
        Assert.Equal(!multiplexed, said.Contains(" ~^Z  - ", StringComparison.Ordinal));
        Assert.Equal(commandLine, said.Contains(" ~C   - ", StringComparison.Ordinal));
        Assert.Contains(" ~#   - ", said, StringComparison.Ordinal);
        Assert.Contains(" ~~   - ", said, StringComparison.Ordinal);
        Assert.Equal(said.Count(static c => c == '\n'), said.Split("\r\n").Length - 1);
    }

    [Fact]
    [Trait("Surface", "S1-8")]
    [Trait("Surface", "S1-9")]
    public async Task The_list_names_number_type_listening_port_target_and_origin_of_each_connection()
    {
        string forwarded = OpenConnection.NameOfForwarded(
            "direct-tcpip", Endpoint.Tcp("127.0.0.1", 8080), Endpoint.Tcp("db", 5432), new("127.0.0.1", 40001));
        var actions = new TypedActions
        {
            Open =
            [
                new(new() { Number = 1, RemoteNumber = 4, Type = "direct-tcpip", Unread = 7 }, forwarded),
                new(new() { Number = 0, RemoteNumber = 0, Type = "session", OutputEnded = true }, "client-session\x1b"),
                new(new() { Number = 2, Type = "direct-tcpip" }, "x"),
            ],
        };
        await RunAsync(actions, "~#");
        Assert.Equal(
            "~#\r\nThe following connections are open:\r\n"
            + "  #0 client-session\\x1b (t4 [session] r0 i3/0 o0/0)\r\n"
            + "  #1 direct-tcpip: listening port 8080 for db port 5432, connect from 127.0.0.1 port 40001 to 127.0.0.1 port 8080 (t4 [direct-tcpip] r4 i0/0 o0/7)\r\n"
            + "  #2 x (t3 [direct-tcpip] nr0 i0/0 o0/0)\r\n",
            actions.Said.ToString());
    }

    [Fact]
    public async Task The_channels_of_a_connection_tell_where_they_stand()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        await far.WriteAsync(new byte[5]);
        await far.WriteErrorAsync(new byte[3]);
        Assert.False(await far.RequestAsync("x", []).AsTask().TestTime());
        ChannelStatus status = Assert.Single(server.Client.Channels());
        Assert.Equal((0, 0u, "session", 8L, false, false), (status.Number, status.RemoteNumber, status.Type, status.Unread, status.OutputEnded, status.InputEnded));
    }

    [Fact]
    public async Task An_escape_character_that_ends_the_input_is_sent() => Assert.Equal("cat\r~", await RunAsync(new(), "cat\r~"));

    private static async Task<string> RunAsync(TypedActions actions, string typed)
    {
        await using var input = new EscapeInput(new MemoryStream(Encoding.Latin1.GetBytes(typed)), new((byte)'~'), actions);
        var sent = new StringBuilder();
        byte[] buffer = new byte[3];
        while (await input.ReadAsync(buffer).AsTask().TestTime() is > 0 and var count)
            sent.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return sent.ToString();
    }
}
