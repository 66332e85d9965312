using Adit.Cli.Commands;
using Adit.Relay;

namespace Adit.Cli.Tests.Commands;

public sealed class CommandSettingTests
{
    private static readonly LocalEnd Postgres = new("127.0.0.1", 50001, ServiceKind.Postgres);
    private static readonly LocalEnd MySql = new("127.0.0.1", 50002, ServiceKind.MySql);
    private static readonly LocalEnd Redis = new("::1", 50003, ServiceKind.Redis);
    private static readonly LocalEnd Other = new("127.0.0.1", 50004, ServiceKind.Other);

    [Fact]
    public void Each_kind_has_its_variables_and_every_forward_its_number()
    {
        IReadOnlyDictionary<string, string?> variables = CommandSetting.Environment([Other, Postgres, MySql, Redis, Postgres with { Port = 50005 }]);
        (string, string?)[] expected =
        [
            ("ADIT_HOST", "127.0.0.1"), ("ADIT_PORT", "50004"), ("ADIT_PORT_1", "50004"), ("ADIT_PORT_2", "50001"), ("ADIT_PORT_3", "50002"),
            ("ADIT_PORT_4", "50003"), ("ADIT_PORT_5", "50005"), ("MYSQL_HOST", "127.0.0.1"), ("MYSQL_TCP_PORT", "50002"), ("PGHOST", "127.0.0.1"),
            ("PGHOSTADDR", null), ("PGPORT", "50001"), ("PGSERVICE", null), ("REDIS_URL", "redis://[::1]:50003"),
        ];
        Assert.Equal(expected, variables.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, pair.Value)));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("{host}:{port}", "127.0.0.1:50001")]
    [InlineData("postgres://{host}:{port1}/x?r=redis://{host2}:{port2}", "postgres://127.0.0.1:50001/x?r=redis://::1:50003")]
    [InlineData("{Port} {port } {ports} {} {port-1}", "{Port} {port } {ports} {} {port-1}")]
    public void Words_in_braces_are_replaced_and_nothing_else(string argument, string replaced) =>
        Assert.Equal(replaced, CommandSetting.Replace(argument, [Postgres, Redis]));

    [Theory]
    [InlineData("{port3}")]
    [InlineData("{port0}")]
    [InlineData("{host9999}")]
    public void A_forward_that_is_not_there_is_an_error(string argument) =>
        Assert.Contains(argument, Assert.Throws<UsageException>(() => CommandSetting.Replace(argument, [Postgres, Redis])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("db", 5432, "Postgres")]
    [InlineData("db", 3306, "MySql")]
    [InlineData("db", 6379, "Redis")]
    [InlineData("db", 5433, "Other")]
    public void The_usual_port_tells_the_kind(string host, int port, string kind) =>
        Assert.Equal(kind, ServiceKinds.Of(Endpoint.Tcp(host, port)).ToString());

    [Fact]
    public void The_usual_socket_tells_the_kind()
    {
        Assert.Equal(ServiceKind.Postgres, ServiceKinds.Of(Endpoint.Unix("/run/postgresql/.s.PGSQL.5432")));
        Assert.Equal(ServiceKind.Other, ServiceKinds.Of(Endpoint.Unix("/run/other.sock")));
    }
}
