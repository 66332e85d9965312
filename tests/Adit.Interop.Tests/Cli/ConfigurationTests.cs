using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What the command prints about itself and its configuration, as a program would read it.</summary>
public sealed class ConfigurationTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Theory]
    [InlineData("hostname")]
    [InlineData("user")]
    [InlineData("port")]
    [InlineData("proxyjump")]
    [InlineData("localforward")]
    [InlineData("identitiesonly")]
    [InlineData("sendenv")]
    [InlineData("userknownhostsfile")]
    public async Task G_prints_the_words_that_programs_look_for_as_ssh_does(string keyword)
    {
        var config = Path.Combine(RunFolder.Create("config"), "config");
        await File.WriteAllTextAsync(
            config, "Host db\n HostName %h.example\n User joe\n Port 2222\n ProxyJump a,b\n LocalForward 5432 localhost:5432\n SendEnv LANG\n IdentitiesOnly yes\n");
        string[] arguments = ["-F", config, "-G", "-o", "UserKnownHostsFile=/known/%h", "db"];
        Assert.Equal(await LinesAsync("ssh", keyword, arguments), await LinesAsync(await AditProcess.BuiltAsync(), keyword, arguments));
    }

    [Theory]
    [InlineData("cipher")]
    [InlineData("kex")]
    [InlineData("mac")]
    [InlineData("key")]
    [InlineData("sig")]
    [InlineData("HostKeyAlgorithms")]
    public async Task What_Q_prints_is_known_to_ssh_but_for_what_is_newer(string list)
    {
        var theirs = await LinesAsync("ssh", "", ["-Q", list]);
        var ours = await LinesAsync(await AditProcess.BuiltAsync(), "", ["-Q", list]);
        Assert.NotEmpty(ours);
        Assert.DoesNotContain(ours.Except(theirs, StringComparer.Ordinal), static name => !name.StartsWith("mlkem", StringComparison.Ordinal));
    }

    private static async Task<string[]> LinesAsync(string program, string keyword, string[] arguments)
    {
        var text = await ChildProcess.RunAsync(new(program, arguments));
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => keyword.Length == 0 || line.StartsWith(keyword + " ", StringComparison.Ordinal))];
    }
}
