using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class DemoTests(ITestOutputHelper output) : PeerTest(output)
{
    [AditFact]
    [Trait("Surface", "S0-7")]
    public async Task The_demonstration_asks_a_database_measures_shows_two_refusals_and_leaves_nothing()
    {
        var path = $"{Path.GetDirectoryName(PostgresPeer.Find("psql"))}:{Environment.GetEnvironmentVariable("PATH")}";

        var adit = await StartAditAsync(new ChildProcessStart("", ["demo"])
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PATH"] = path },
        });

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Matches("""
            target   .*
            gateway  127.0.0.1:[0-9]+, host key SHA256:.*
            tunnel   app → 127.0.0.1:[0-9]+ \(this machine\) → 127.0.0.1:[0-9]+ \(ssh, host key verified.*
            asked    .*
            answer   hello from .*
            speed    [0-9]+ MB/s .*
            refused  127.0.0.1:22: administratively prohibited .*
            refused  a second program at 127.0.0.1:[0-9]+: uid [0-9]+, pid [0-9]+, .*/adit; the tunnel admits only the process of the tunnel
            """, adit.Output.Text);
        Assert.Contains("audit    ChannelRefused demo 127.0.0.1:22 ", adit.Output.Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetTempPath(), $"adit-demo*{adit.Pid}*"));
    }
}
