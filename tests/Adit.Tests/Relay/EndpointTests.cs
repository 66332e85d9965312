using System.Net;
using Adit.Relay;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.Relay;

public sealed class EndpointTests
{
    [Theory]
    [InlineData("localhost:5432", "localhost", 5432)]
    [InlineData("db.example.com:1", "db.example.com", 1)]
    [InlineData("192.0.2.7:65535", "192.0.2.7", 65535)]
    [InlineData("[::1]:5432", "::1", 5432)]
    [InlineData("[fe80::1%eth0]:22", "fe80::1%eth0", 22)]
    [InlineData("localhost:0", "localhost", 0)]
    public void A_tcp_endpoint_reads_and_writes_the_same(string text, string host, int port)
    {
        Endpoint endpoint = Endpoint.Parse(text);
        Assert.Equal((host, port, false), (endpoint.Host, endpoint.Port, endpoint.IsUnix));
        Assert.Equal(text, endpoint.ToString());
    }

    [Theory]
    [InlineData("/run/postgresql/.s.PGSQL.5432")]
    [InlineData("./x.sock")]
    [InlineData("/tmp/a:b")]
    [InlineData("@adit-1")]
    public void A_path_is_a_unix_socket(string text)
    {
        Endpoint endpoint = Endpoint.Parse(text);
        Assert.Equal((text, true), (endpoint.Path, endpoint.IsUnix));
        Assert.Equal(text, endpoint.ToString());
    }

    [Theory]
    [InlineData("", "not an endpoint")]
    [InlineData("localhost", "not an endpoint")]
    [InlineData(":5432", "not an endpoint")]
    [InlineData("5432", "not an endpoint")]
    [InlineData("::1:5432", "in brackets")]
    [InlineData("[localhost]:5432", "not an IPv6 address")]
    [InlineData("[1:2:x]:5432", "not an IPv6 address")]
    [InlineData("[::1:5432", "in brackets")]
    [InlineData("localhost:", "not a port")]
    [InlineData("localhost:65536", "not a port")]
    [InlineData("localhost:-1", "not a port")]
    [InlineData("localhost:+1", "not a port")]
    [InlineData("localhost: 1", "not a port")]
    [InlineData("localhost:1x", "not a port")]
    [InlineData("a b:1", "not a host")]
    [InlineData("a\nb:1", "not a host")]
    [InlineData("a\u0007b:1", "not a host")]
    [InlineData("a@b:1", "not a host")]
    [InlineData("@", "not the path")]
    [InlineData("/a\0b", "not the path")]
    public void What_is_no_endpoint_is_refused_with_a_reason(string text, string reason)
    {
        Assert.Contains(reason, Assert.Throws<FormatException>(() => Endpoint.Parse(text)).Message, StringComparison.Ordinal);
        Assert.False(Endpoint.TryParse(text, out _));
    }

    [Fact]
    public void Long_names_and_paths_are_refused()
    {
        Assert.NotNull(Endpoint.Parse(new string('a', Endpoint.MaxHostLength) + ":1"));
        Assert.Throws<FormatException>(() => Endpoint.Parse(new string('a', Endpoint.MaxHostLength + 1) + ":1"));
        Assert.Throws<FormatException>(() => Endpoint.Parse("/" + new string('a', Endpoint.MaxPathLength)));
    }

    [Fact]
    public void An_ipv4_address_mapped_into_ipv6_is_written_as_ipv4()
    {
        IPEndPoint mapped = new(IPAddress.Parse("127.0.0.1").MapToIPv6(), 5432);
        Assert.Equal("127.0.0.1:5432", Endpoint.Tcp(mapped).ToString());
        Assert.Equal("127.0.0.1:5432", ConnectionOrigin.From(mapped).ToString());
    }

    [Fact]
    public void Any_text_is_either_refused_or_written_back_the_same()
    {
        Prop.ForAll<NonNull<string>>(text =>
            !Endpoint.TryParse(text.Get, out Endpoint? endpoint) || Endpoint.Parse(endpoint.ToString()) == endpoint)
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("127.0.0.1", 99, "127.0.0.1:99")]
    [InlineData("::1", 99, "[::1]:99")]
    [InlineData("/run/x.sock", 0, "/run/x.sock")]
    public void An_origin_is_written_as_people_write_it(string address, int port, string text) =>
        Assert.Equal(text, new ConnectionOrigin(address, port).ToString());
}
