using Adit.Mux;
using Adit.Mux.Messages;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Tests.Mux;

public sealed class MuxForwardTests
{
    [Theory]
    [InlineData("L", "5432:db:5433", "1 '' 5432 'db' 5433")]
    [InlineData("L", "*:5432:db:5433", "1 '*' 5432 'db' 5433")]
    [InlineData("L", "127.0.0.1:5432:db:5433", "1 '127.0.0.1' 5432 'db' 5433")]
    [InlineData("L", "/tmp/a:/tmp/b", "1 '/tmp/a' -2 '/tmp/b' -2")]
    [InlineData("R", "0:db:5433", "2 '' 0 'db' 5433")]
    [InlineData("R", "1080", "2 '' 1080 'socks' 0")]
    [InlineData("D", "1080", "3 '' 1080 'socks' 0")]
    public void A_forward_is_the_same_on_the_wire_and_back(string option, string text, string wire)
    {
        MuxForward forward = option switch
        {
            "L" => new(ForwardKind.Local, ForwardSpec.ParseLocal(text)),
            "R" => new(ForwardKind.Remote, ForwardSpec.ParseRemote(text)),
            _ => new(ForwardKind.Dynamic, ForwardSpec.ParseDynamic(text)),
        };
        ForwardFields fields = forward.ToFields();
        Assert.Equal(wire, $"{fields.Kind} '{fields.ListenHost}' {(int)fields.ListenPort} '{fields.ConnectHost}' {(int)fields.ConnectPort}");
        Assert.Equal(forward, MuxForward.From(fields));
    }

    [Theory]
    [InlineData(0u, "", 1u, "db", 1u)]
    [InlineData(4u, "", 1u, "db", 1u)]
    [InlineData(1u, "", 65536u, "db", 1u)]
    [InlineData(1u, "", 1u, "db", 65536u)]
    [InlineData(1u, "", 1u, "db", 0u)]
    [InlineData(1u, "", 1u, "", 1u)]
    [InlineData(1u, "a b", 1u, "db", 1u)]
    [InlineData(1u, "", 1u, "", ForwardFields.PathPort)]
    [InlineData(2u, "", ForwardFields.PathPort, "db", 1u)]
    public void What_is_no_forward_is_refused(uint kind, string listen, uint port, string host, uint hostPort) =>
        Assert.Throws<FormatException>(() => MuxForward.From(new(kind, listen, port, host, hostPort)));

    [Fact]
    public void A_target_may_be_a_socket() => Assert.Equal(Endpoint.Unix("/run/x"), MuxForward.Target("/run/x", ForwardFields.PathPort));
}
