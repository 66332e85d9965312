using Adit.OpenSsh;
using Adit.Sessions;

namespace Adit.Tests.Sessions;

public class TerminalDecisionTests
{
    // By the rules of ssh(1) for -t and -T and of ssh_config(5) for RequestTTY.
    [Theory]
    [InlineData("Auto", false, true, false, "Wanted")]
    [InlineData("Auto", true, true, false, "None")]
    [InlineData("Auto", false, false, false, "Denied")]
    [InlineData("Auto", false, true, true, "Denied")]
    [InlineData("Auto", true, false, false, "None")]
    [InlineData("No", false, true, false, "None")]
    [InlineData("No", true, true, false, "None")]
    [InlineData("Yes", true, true, false, "Required")]
    [InlineData("Yes", false, true, false, "Required")]
    [InlineData("Yes", true, false, false, "Denied")]
    [InlineData("Yes", true, true, true, "Denied")]
    [InlineData("Force", true, false, false, "Required")]
    [InlineData("Force", false, true, true, "Required")]
    public void A_session_gets_a_terminal_where_ssh_gives_one(string wish, bool hasCommand, bool inputIsTerminal, bool inputIsNull, string decision) =>
        Assert.Equal(Enum.Parse<TerminalDecision>(decision), Enum.Parse<RequestTty>(wish).Decide(hasCommand, inputIsTerminal, inputIsNull));

    [Fact]
    public void Variables_are_sent_by_pattern_and_set_by_the_first_value_of_a_name()
    {
        KeyValuePair<string, string>[] own = [new("LANG", "C"), new("LC_ALL", "x"), new("LC_X", "y"), new("HOME", "/")];
        Assert.Equal(
            [new("LANG", "C"), new("LC_X", "y"), new("LC_ALL", "set"), new("NEW", "1")],
            SessionEnvironment.Select(own, ["LAN?", "LC_X*"], [new("LC_ALL", "set"), new("NEW", "1"), new("NEW", "2")]));
        Assert.Empty(SessionEnvironment.Select(own, [], []));
    }

    [Theory]
    [InlineData("vt100", "xterm", "vt100")]
    [InlineData("", "xterm", "xterm")]
    [InlineData(null, "xterm", "xterm")]
    [InlineData(null, null, "")]
    public void The_kind_of_terminal_is_what_is_set_or_else_that_of_this_side(string? set, string? own, string expected) =>
        Assert.Equal(expected, SessionEnvironment.Term(set is null ? [] : [new("TERM", set)], name => name is "TERM" ? own : null));
}
