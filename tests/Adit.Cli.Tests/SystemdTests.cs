using System.Net.Sockets;
using System.Text;
using Adit.Tests.Shared;

namespace Adit.Cli.Tests;

/// <summary>What the service manager hears: sd_notify(3).</summary>
public sealed class SystemdTests : IAsyncLifetime
{
    private readonly string _name = $"adit-test-{Guid.NewGuid():N}";
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _warnings = [];
    private readonly ManualTimeProvider _clock = new();

    private string PathName => Path.Combine(Path.GetTempPath(), _name);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _manager.Dispose();
        File.Delete(PathName);
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_hears_when_the_process_serves_and_when_it_ends(bool isAbstract)
    {
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + _name : PathName));
        await using Systemd systemd = From(isAbstract ? "@" + _name : PathName);
        Assert.True(systemd.IsAsked);
        systemd.Ready("listening on 127.0.0.1:5432\nREADY=0");
        Assert.Equal("READY=1\nSTATUS=listening on 127.0.0.1:5432\\x0aREADY=0", await HeardAsync());
        systemd.Status("reconnecting");
        Assert.Equal("STATUS=reconnecting", await HeardAsync());
        systemd.Reloading();
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*$", await HeardAsync());
        systemd.Stopping("bye");
        Assert.Equal("STOPPING=1\nSTATUS=bye", await HeardAsync());
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task The_watchdog_is_fed_twice_in_each_interval_once_the_process_serves()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(PathName));
        await using (Systemd systemd = From(PathName, "10000000"))
        {
            Assert.Equal(0, _clock.ArmedTimers);
            systemd.Ready("a");
            systemd.Ready("b");
            Assert.StartsWith("READY=1", await HeardAsync(), StringComparison.Ordinal);
            Assert.StartsWith("READY=1", await HeardAsync(), StringComparison.Ordinal);
            for (int i = 0; i < 3; i++)
            {
                _clock.Advance(TimeSpan.FromSeconds(4.9));
                Assert.Equal(0, _manager.Available);
                _clock.Advance(TimeSpan.FromSeconds(0.1));
                Assert.Equal("WATCHDOG=1", await HeardAsync());
            }
        }

        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("x", null)]
    [InlineData("99999999999999999999", null)]
    [InlineData("10000000", "1")]
    public async Task Without_an_interval_for_this_process_there_is_no_watchdog(string? interval, string? process)
    {
        _manager.Bind(new UnixDomainSocketEndPoint(PathName));
        await using Systemd systemd = Systemd.From(PathName, interval, process, _warnings.Add, _clock);
        systemd.Ready("a");
        Assert.StartsWith("READY=1", await HeardAsync(), StringComparison.Ordinal);
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("@", 0)]
    [InlineData("relative", 1)]
    [InlineData("vsock:2:1", 1)]
    public async Task Where_nobody_can_be_told_nothing_is(string? path, int warnings)
    {
        await using Systemd systemd = From(path, "10000000");
        systemd.Ready("a");
        systemd.Stopping("b");
        Assert.Equal(warnings, _warnings.Count(static warning => warning.Contains("is told nothing", StringComparison.Ordinal)));
        Assert.Equal(path is "@" ? 1 : 0, _clock.ArmedTimers);
    }

    [Fact]
    public async Task A_manager_that_is_gone_is_warned_of_once_and_one_that_is_behind_not_at_all()
    {
        await using Systemd gone = From(PathName);
        gone.Ready("a");
        gone.Status("b");
        Assert.Contains("cannot be told", Assert.Single(_warnings), StringComparison.Ordinal);

        _manager.Bind(new UnixDomainSocketEndPoint(PathName));
        await using Systemd behind = From(PathName);
        for (int i = 0; i < 5000; i++)
            behind.Status("busy");
        Assert.Single(_warnings);
    }

    private Systemd From(string? path, string? watchdog = null) => Systemd.From(path, watchdog, null, _warnings.Add, _clock);

    private async Task<string> HeardAsync()
    {
        byte[] message = new byte[4096];
        return Encoding.UTF8.GetString(message, 0, await _manager.ReceiveAsync(message).TestTime());
    }
}
