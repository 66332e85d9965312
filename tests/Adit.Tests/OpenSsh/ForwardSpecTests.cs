using Adit.OpenSsh;
using Adit.Relay;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.OpenSsh;

public sealed class ForwardSpecTests
{
    [Theory]
    [InlineData("5432:localhost:5432", null, 5432, null, "localhost:5432")]
    [InlineData("  5432:localhost:5432", null, 5432, null, "localhost:5432")]
    [InlineData("0:localhost:5432", null, 0, null, "localhost:5432")]
    [InlineData("127.0.0.1:80:intra.example.com:80", "127.0.0.1", 80, null, "intra.example.com:80")]
    [InlineData("localhost:80:a:1", "localhost", 80, null, "a:1")]
    [InlineData("*:80:a:1", "*", 80, null, "a:1")]
    [InlineData(":80:a:1", "", 80, null, "a:1")]
    [InlineData("[::1]:80:[2001:db8::1]:1", "::1", 80, null, "[2001:db8::1]:1")]
    [InlineData("[]:80:a:1", "", 80, null, "a:1")]
    [InlineData("[80]:[a]:[1]", null, 80, null, "a:1")]
    [InlineData(@"\:\:1:80:a:1", "::1", 80, null, "a:1")]
    [InlineData("80:/run/postgresql/.s.PGSQL.5432", null, 80, null, "/run/postgresql/.s.PGSQL.5432")]
    [InlineData("127.0.0.1:80:/run/x", "127.0.0.1", 80, null, "/run/x")]
    [InlineData("/tmp/s:a:1", null, 0, "/tmp/s", "a:1")]
    [InlineData("/tmp/s:/run/x", null, 0, "/tmp/s", "/run/x")]
    [InlineData(@"/tmp/a\:b:/run/x", null, 0, "/tmp/a:b", "/run/x")]
    [InlineData("[/tmp/a:b]:/run/x", null, 0, "/tmp/a:b", "/run/x")]
    [InlineData("./s:a:1", null, 0, "./s", "a:1")]
    [InlineData("@name:a:1", null, 0, "@name", "a:1")]
    [InlineData("80:@name", null, 80, null, "@name")]
    [InlineData("65535:a:65535", null, 65535, null, "a:65535")]
    public void A_local_forward_is_read(string text, string? bind, int port, string? path, string target)
    {
        ForwardSpec forward = ForwardSpec.ParseLocal(text);
        Assert.Equal((bind, port, path), (forward.Listen.BindAddress, forward.Listen.Port, forward.Listen.Path));
        Assert.Equal(Endpoint.Parse(target), forward.Target);
        Assert.False(forward.IsDynamic);
    }

    [Theory]
    [InlineData("", "do not fit together")]
    [InlineData("nonsense", "\"nonsense\" is not a port from 0 to 65535")]
    [InlineData("5432", "the target is missing")]
    [InlineData("/tmp/s", "the target is missing")]
    [InlineData("localhost:5432", "the target is missing")]
    [InlineData("/tmp/s:5432", "do not fit together")]
    [InlineData("5432:localhost", "\"localhost\" is not a port")]
    [InlineData("5432:localhost:", "\"\" is not a port from 1 to 65535")]
    [InlineData("5432::5432", "is not a host name")]
    [InlineData("65536:a:1", "\"65536\" is not a port from 0 to 65535")]
    [InlineData("-1:a:1", "\"-1\" is not a port")]
    [InlineData("+1:a:1", "\"+1\" is not a port")]
    [InlineData("1:a:0", "\"0\" is not a port from 1 to 65535")]
    [InlineData("1:a:65536", "\"65536\" is not a port from 1 to 65535")]
    [InlineData("1:a:2 ", "\"2 \" is not a port")]
    [InlineData("b:1:a:2:3", "behind the last field: \"3\"")]
    [InlineData("b:1:a:2:", "behind the last field: \"\"")]
    [InlineData("[::1:1:a:2", "a bracket is not closed")]
    [InlineData("[::1]x:1:a:2", "behind a closing bracket")]
    [InlineData("[gg::1]:1:a:2", "is not an IPv6 address")]
    [InlineData("1:a b:2", "is not a host name")]
    [InlineData(@"1:a:2\", "behind the last backslash")]
    [InlineData("/tmp/s:b:1:/run/x", "do not fit together")]
    [InlineData("b:/tmp/s:a:1", "do not fit together")]
    [InlineData("1:/run/x:2", "do not fit together")]
    public void What_is_no_local_forward_is_refused_with_the_reason_and_an_example(string text, string reason)
    {
        string message = Assert.Throws<FormatException>(() => ForwardSpec.ParseLocal(text)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("as in 5432:localhost:5432", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("63333:5432")]
    [InlineData("127.0.0.1:63333:5432")]
    [InlineData("63333::5432")]
    [Trait("Surface", "S4-3")]
    public void A_host_of_the_target_that_is_left_out_does_not_mean_localhost(string text) =>
        Assert.Contains("as in 5432:localhost:5432", Assert.Throws<FormatException>(() => ForwardSpec.ParseLocal(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("8080", "localhost:8080", null)]
    [InlineData("0:localhost:80", "localhost:0", "localhost:80")]
    [InlineData("*:8080:localhost:80", "*:8080", "localhost:80")]
    [InlineData("52.194.1.73:8080:localhost:80", "52.194.1.73:8080", "localhost:80")]
    [InlineData("*:8080", "*:8080", null)]
    [InlineData("/run/s", "/run/s", null)]
    [InlineData("/run/s:/tmp/t", "/run/s", "/tmp/t")]
    [Trait("Surface", "S2-14")]
    public void A_remote_forward_is_read(string text, string listen, string? target)
    {
        ForwardSpec forward = ForwardSpec.ParseRemote(text);
        Assert.Equal((listen, target), (forward.Listen.ToString(), forward.Target?.ToString()));
        Assert.Equal(target is null, forward.IsDynamic);
    }

    [Theory]
    [InlineData("1080", "localhost:1080")]
    [InlineData("*:1080", "*:1080")]
    [InlineData("[::1]:1080", "[::1]:1080")]
    [InlineData("0", "localhost:0")]
    public void A_dynamic_forward_is_read(string text, string listen) =>
        Assert.Equal(listen, ForwardSpec.ParseDynamic(text).Listen.ToString());

    [Theory]
    [InlineData("x")]
    [InlineData("1080:a:1")]
    [InlineData("1080:/tmp/s")]
    public void What_is_no_dynamic_forward_is_refused(string text) =>
        Assert.Contains("as in 1080", Assert.Throws<FormatException>(() => ForwardSpec.ParseDynamic(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("localhost:5432", "localhost:5432")]
    [InlineData("[::1]:5432", "[::1]:5432")]
    [InlineData("/run/s", "/run/s")]
    public void A_stdio_target_is_read(string text, string target) => Assert.Equal(target, ForwardSpec.ParseStdio(text).ToString());

    [Theory]
    [InlineData("5432")]
    [InlineData("a:0")]
    [InlineData("a:1:b")]
    [InlineData("")]
    public void What_is_no_stdio_target_is_refused(string text) => Assert.Throws<FormatException>(() => ForwardSpec.ParseStdio(text));

    [Fact]
    public void Any_text_is_a_forward_or_a_format_error()
    {
        Gen<string> piece = Gen.Elements("1", "80", ":", "[", "]", "\\", "/", "@", "*", "::1", "a", " ", "65536", "\0", "é");
        Prop.ForAll(Arb.From(Gen.ArrayOf(piece).Select(string.Concat)), text =>
        {
            Try(() => ForwardSpec.ParseLocal(text));
            Try(() => ForwardSpec.ParseRemote(text));
            Try(() => ForwardSpec.ParseDynamic(text));
            Try(() => ForwardSpec.ParseStdio(text));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_is_read_is_written_so_that_it_reads_the_same()
    {
        Gen<string> listen = Gen.Elements("1", "0", "*:2", "a:3", "[::1]:4", "/tmp/s");
        Gen<string> target = Gen.Elements("b:5", "[2001:db8::2]:6", "/run/t");
        Prop.ForAll(Arb.From(listen.Zip(target)), pair =>
        {
            ForwardSpec forward = ForwardSpec.ParseLocal($"{pair.Item1}:{pair.Item2}");
            Assert.Equal(forward.ToString(), ForwardSpec.ParseLocal(forward.ToString()).ToString());
        }).QuickCheckThrowOnFailure();
    }

    private static void Try(Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException e)
        {
            Assert.NotEmpty(e.Message);
        }
    }
}
