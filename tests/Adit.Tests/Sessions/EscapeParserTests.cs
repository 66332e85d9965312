using System.Text;
using Adit.Sessions;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.Sessions;

/// <summary>The escape sequences of ssh(1), as its clientloop treats them.</summary>
public class EscapeParserTests
{
    [Theory]
    [InlineData("~.", "", ".")]
    [InlineData("ls\r~.", "ls\r", ".")]
    [InlineData("ls\n~#", "ls\n", "#")]
    [InlineData("x~.", "x~.", "")]
    [InlineData("~~.", "~.", "")]
    [InlineData("~~", "~", "")]
    [InlineData("~x", "~x", "")]
    [InlineData("~\r~.", "~\r", ".")]
    [InlineData("~#~#~.", "", "##.")]
    [InlineData("~~~.", "~~.", "")]
    [InlineData("~?\r~I~R~V~v~B~C~&~\x1a", "\r", "?IRVvBC&\x1a")]
    [InlineData("a\r~b\r~~c\r~", "a\r~b\r~c\r", "")]
    [InlineData("", "", "")]
    public void Sequences_count_at_the_start_of_a_line_and_all_else_passes(string typed, string sent, string escapes)
    {
        foreach (int size in (int[])[1, 2, 3, 100])
            Assert.Equal((sent, escapes), Run('~', typed, size));
    }

    [Fact]
    public void Another_character_may_be_the_escape() => Assert.Equal(("~.\r", "."), Run('%', "~.\r%.", 100));

    [Fact]
    public void A_character_that_is_a_command_too_stands_for_itself_when_it_is_typed_twice() => Assert.Equal((".\rx", "#"), Run('.', "..\r.#x", 100));

    [Fact]
    public void An_escape_character_at_the_end_of_the_input_waits_and_can_be_taken()
    {
        var parser = new EscapeParser((byte)'~');
        Assert.Equal(Escape.None, parser.Next("~"u8, new byte[2], out int consumed, out int written));
        Assert.Equal((1, 0), (consumed, written));
        Assert.True(parser.TakePending());
        Assert.False(parser.TakePending());
    }

    [Fact]
    public void However_the_input_is_cut_the_outcome_is_the_same() => Prop.ForAll(
        Gen.Elements('~', '.', '\r', '\n', '#', 'a', 'C', '\x1a').ListOf().ToArbitrary(),
        Gen.Choose(1, 5).ToArbitrary(),
        static (typed, size) => Assert.Equal(Run('~', string.Concat(typed), int.MaxValue), Run('~', string.Concat(typed), size))).QuickCheckThrowOnFailure();

    private static (string Sent, string Escapes) Run(char escape, string typed, int size)
    {
        var parser = new EscapeParser((byte)escape);
        byte[] input = Encoding.Latin1.GetBytes(typed);
        byte[] output = new byte[input.Length + 1];
        StringBuilder sent = new(), escapes = new();
        for (int start = 0; start < input.Length;)
        {
            int length = Math.Min(size, input.Length - start);
            Escape found = parser.Next(input.AsSpan(start, length), output, out int consumed, out int written);
            Assert.True(consumed > 0 && written <= length + 1);
            sent.Append(Encoding.Latin1.GetString(output, 0, written));
            if (found is not Escape.None)
                escapes.Append(EscapeHelp.Key(found) is "^Z" ? "\x1a" : EscapeHelp.Key(found));
            else
                Assert.Equal(length, consumed);
            start += consumed;
        }

        return (sent.ToString(), escapes.ToString());
    }
}
