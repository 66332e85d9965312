using Adit.Client;
using Adit.Ssh;
using Adit.SshLegs;
using Adit.Tests.Shared;

namespace Adit.Tests.Client;

public sealed class LinkProbeTests : IAsyncLifetime
{
    private readonly MemoryServer _server = new();
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task A_server_that_answers_after_this_machine_slept_keeps_its_link()
    {
        await using SshLink link = await _server.ConnectAsync(default);
        using var probe = new LinkProbe(_time);
        _time.Sleep(TimeSpan.FromMinutes(1));
        await probe.CheckAsync(link, default).AsTask().TestTime();
        Assert.False(link.Connection.Closed.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_does_not_answer_after_sleep_or_from_another_address_loses_its_link_after_five_seconds(bool sleeps)
    {
        await using SshLink link = await _server.ConnectAsync(default);
        using var probe = new LinkProbe(_time);
        _server.FallSilent();
        if (sleeps)
            _time.Sleep(TimeSpan.FromMinutes(1));
        else
            probe.OnAddressChanged(null, EventArgs.Empty);
        Task checking = probe.CheckAsync(link, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(link.Connection.Closed.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await checking.TestTime();
        Assert.Equal(CloseReason.KeepAliveTimeout, (await link.Connection.Closed.TestTime()).Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4.9)]
    [InlineData(-3600)]
    public async Task Nobody_is_asked_while_this_machine_is_awake_or_its_clock_is_set_back(double seconds)
    {
        await using SshLink link = await _server.ConnectAsync(default);
        using var probe = new LinkProbe(_time);
        _time.Advance(TimeSpan.FromMinutes(1));
        _time.Sleep(TimeSpan.FromSeconds(seconds));
        _server.FallSilent();
        await probe.CheckAsync(link, default).AsTask().TestTime();
    }

    [Fact]
    public async Task Sleep_while_there_is_no_link_is_forgotten_when_the_next_one_comes()
    {
        using var probe = new LinkProbe(_time);
        _time.Sleep(TimeSpan.FromMinutes(1));
        await probe.CheckAsync(null, default);
        await using SshLink link = await _server.ConnectAsync(default);
        _server.FallSilent();
        await probe.CheckAsync(link, default).AsTask().TestTime();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();
}
