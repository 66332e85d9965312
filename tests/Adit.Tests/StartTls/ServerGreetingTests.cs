using System.Text;
using Adit.StartTls;

namespace Adit.Tests.StartTls;

public sealed class ServerGreetingTests
{
    [Theory]
    [InlineData("", "it closed the connection without an answer")]
    [InlineData("SSH-2.0-OpenSSH_9.2p1\r\n", "an SSH server answered: \"SSH-2.0-OpenSSH_9.2p1\"")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "a web server answered: \"HTTP/1.1 400 Bad Request\"")]
    [InlineData("-ERR unknown command\r\n", "a Redis server answered: \"-ERR unknown command\"")]
    [InlineData("\x15\x03\x03\0\x02", "a server that speaks TLS from the first byte answered")]
    [InlineData("J\0\0\0\u000a8.0.36\0\x08", "a MySQL server answered: \"8.0.36\"")]
    [InlineData("E\0\0\0\xff\x69\x04Host is blocked", "a MySQL server refused: \"Host is blocked\"")]
    [InlineData("Esorry, too many clients already\n\0", "it refused: \"sorry, too many clients already\"")]
    [InlineData("220 mail\r\n", "something else answered: \"220 mail\"")]
    [InlineData("S220", "something else answered: \"S220\"")]
    [InlineData("\x1b[2Jboo", "something else answered: \"\\x1b[2Jboo\"")]
    public void What_answers_is_named_by_its_first_bytes(string first, string words) =>
        Assert.Equal(words, ServerGreeting.InWords(Encoding.Latin1.GetBytes(first)));

    [Fact]
    public void What_is_long_is_cut() =>
        Assert.Equal($"something else answered: \"{new string('x', 80)}\"", ServerGreeting.InWords(Encoding.Latin1.GetBytes(new string('x', 256))));
}
