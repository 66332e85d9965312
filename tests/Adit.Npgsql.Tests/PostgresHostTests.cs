using Adit.Npgsql;

namespace Adit.Npgsql.Tests;

public sealed class PostgresHostTests
{
    [Theory]
    [InlineData("db", "db=db:5432")]
    [InlineData(" db , other:5433 ", "db=db:5432 other=other:5433")]
    [InlineData("[::1]:5433", "::1=[::1]:5433")]
    [InlineData("::1", "::1=[::1]:5432")]
    [InlineData("127.0.0.1", "127.0.0.1=127.0.0.1:5432")]
    [InlineData("/var/run/postgresql", "/var/run/postgresql=/var/run/postgresql/.s.PGSQL.5432")]
    [Trait("Surface", "S4-11")]
    public void Hosts_are_read_as_npgsql_reads_them(string written, string expected) =>
        Assert.Equal(expected, string.Join(' ', PostgresHost.ParseList(written, 5432).Select(static host => $"{host.Name}={host.Target}")));

    [Theory]
    [InlineData(null, "names no Host")]
    [InlineData(" ", "names no Host")]
    [InlineData("db,", "\"\"")]
    [InlineData("db:http", "\"http\" is not a port")]
    [InlineData("db:0", "\"0\" is not a port")]
    [InlineData("d b", "not a host name")]
    [InlineData("joe@db", "not a host name")]
    public void What_is_no_host_is_named(string? written, string named)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => PostgresHost.ParseList(written, 5432));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_hosts_than_the_limit_are_refused() =>
        Assert.Throws<ArgumentException>(() => PostgresHost.ParseList(string.Join(',', Enumerable.Repeat("db", 65)), 5432));
}
