using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>A server with the rules of one row of a table.</summary>
public abstract class PolicyTest(ITestOutputHelper output) : ServerTest(output)
{
    internal async Task<ServerPeer> StartServerAsync(PolicyRow row)
    {
        var key = (await SshClientFiles.UserKeyAsync()).PublicLine;
        var server = await ServerPeer.StartAsync(new()
        {
            Config = row.Fill(row.Config).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            AuthorizedKeys = [$"{row.Fill(row.KeyOptions)} {key}".TrimStart()],
        });
        return Own(server, () => $"{row}\n{server.Log}");
    }

    /// <summary>Expects that the gateway names what a refusal comes from; what sshd logs of it is its own affair.</summary>
    internal static async Task AssertLoggedAsync(ServerPeer server, string word)
    {
        if (ServerPeer.IsGateway)
            await server.LoggedAsync($"(?i)^(?=.*(refus|prohibit|den(y|ied)|not allowed|passed over|reject|fail|close|disconnect))(?=.*({word}))");
    }

    /// <summary>Waits until ssh has logged in.</summary>
    internal static Task UntilLoggedInAsync(ChildProcess ssh) => ssh.ErrorAsync("Entering interactive session");

    /// <summary>Expects that ssh ends for want of authentication.</summary>
    internal static async Task AssertDeniedAsync(ChildProcess ssh)
    {
        await ssh.ErrorAsync($"^{TestUser.Name}@127.0.0.1: Permission denied \\(publickey\\)");
        Assert.Equal(ConnectionFailed, await ssh.ExitAsync());
    }
}
