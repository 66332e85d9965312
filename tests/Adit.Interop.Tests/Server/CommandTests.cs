using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Commands of clients, where AditPermitExec lets them run.</summary>
public sealed class CommandTests(ITestOutputHelper output) : PolicyTest(output)
{
    private const int Code = 23;

    private static readonly string[] Permitted = ServerPeer.IsGateway ? ["AditPermitExec yes"] : [];

    [Fact]
    public async Task The_exit_status_comes_before_the_end_of_the_output()
    {
        var server = await StartServerAsync(Permitted);

        // With its own input at an end already, ssh closes the channel as soon as the output ends.
        var ssh = await StartSshAsync(server, "-n", "-vvv", "-oRemoteCommand=exit 23");

        Assert.Equal(Code, await ssh.ExitAsync());
        var log = ssh.Error.Text;
        var status = log.IndexOf("rtype exit-status", StringComparison.Ordinal);
        Assert.True(status >= 0, log);
        if (ServerPeer.IsGateway)
            Assert.True(status < log.IndexOf("rcvd eof", StringComparison.Ordinal), log);
    }

    [Theory]
    [InlineData("session:command=1")]
    [InlineData("session:*=1 session:command=1h")]
    [InlineData("*=1s")]
    [Trait("Surface", "S2-19")]
    public async Task A_silent_command_is_ended_without_an_exit_status(string timeouts)
    {
        var server = await StartServerAsync([.. Permitted, $"ChannelTimeout {timeouts}"]);

        var ssh = await StartSshAsync(server, "-oRemoteCommand=sleep 100");

        Assert.Equal(ConnectionFailed, await ssh.ExitAsync());
        await AssertLoggedAsync(server, "ChannelTimeout");
    }

    [Theory]
    [InlineData("session:shell=1")]
    [InlineData("session:subsystem:command=1 direct-tcpip=1")]
    [InlineData("session:command=1h *=1")]
    [Trait("Surface", "S2-19")]
    public async Task A_timeout_of_other_channels_leaves_a_command_alone(string timeouts)
    {
        var server = await StartServerAsync([.. Permitted, $"ChannelTimeout {timeouts}"]);

        var ssh = await StartSshAsync(server, "-oRemoteCommand=sleep 3; exit 23");

        Assert.Equal(Code, await ssh.ExitAsync());
    }

    [Fact]
    [Trait("Surface", "S2-19")]
    public async Task A_command_that_says_something_is_not_silent()
    {
        var server = await StartServerAsync([.. Permitted, "ChannelTimeout session:command=3"]);

        var ssh = await StartSshAsync(server, "-oRemoteCommand=for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.5; done; exit 23");

        Assert.Equal(Code, await ssh.ExitAsync());
        Assert.EndsWith("10\n", ssh.Output.Text, StringComparison.Ordinal);
    }
}
