using System.Net;
using System.Net.Sockets;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Probe;
using Adit.Relay;
using Adit.Ssh;
using Adit.Tests.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Client;

/// <summary>Forwards of which it is expected that PostgreSQL answers at their targets, over one link and the next.</summary>
public sealed class ExpectationTests : IAsyncLifetime
{
    private static readonly byte[] No = "N"u8.ToArray();

    private readonly MemoryServer _server = new() { AnswerToPostgres = static _ => No };
    private readonly ManualTimeProvider _time = new();
    private readonly RecordedEvents _events = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    [Fact]
    public async Task Where_something_else_answers_nothing_listens_whenever_the_forward_is_added()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward first = await AddAsync(tunnel);
        _server.AnswerToPostgres = static _ => "SSH-2.0-x\r\n"u8.ToArray();
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => AddAsync(tunnel));
        Assert.Equal("db:5432 is not PostgreSQL, which is expected there: an SSH server answered: \"SSH-2.0-x\"", refused.Message);
        Assert.Equal([first], tunnel.Forwards);
    }

    [Fact]
    public async Task Over_one_link_it_is_looked_at_once()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await AddAsync(tunnel);
        _server.AnswerToPostgres = static question => question;
        for (int i = 0; i < 5; i++)
            Assert.True(await IsServedAsync(forward));
        Assert.Equal(1, _server.Questions);
    }

    [Fact]
    public async Task Of_which_nothing_is_expected_nothing_is_asked()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:mail:25"), default);
        Assert.True(await IsServedAsync(forward));
        Assert.Equal(0, _server.Questions);
    }

    [Fact]
    public async Task Over_the_next_link_connections_are_refused_with_what_answered_until_it_is_PostgreSQL_again()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await AddAsync(tunnel);
        _server.AnswerToPostgres = static question => question;
        await LoseAsync();

        Assert.False(await IsServedAsync(forward));
        Assert.StartsWith("cannot connect to db:5432: it is not PostgreSQL, which is expected there: something else answered", (await RefusalAsync()).Reason, StringComparison.Ordinal);
        Assert.False(await IsServedAsync(forward));
        Assert.Equal(3, _server.Questions);

        _server.AnswerToPostgres = static _ => No;
        Assert.True(await IsServedAsync(forward));
        Assert.True(await IsServedAsync(forward));
        Assert.Equal(4, _server.Questions);
    }

    [Fact]
    public async Task Those_who_come_over_a_new_link_at_once_share_one_look()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await AddAsync(tunnel);
        await LoseAsync();
        bool[] served = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => IsServedAsync(forward)));
        Assert.DoesNotContain(false, served);
        Assert.Equal(2, _server.Questions);
    }

    [Fact]
    public async Task A_look_whose_link_is_lost_is_made_again_over_the_next_one()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await AddAsync(tunnel);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.AnswerToPostgres = _ =>
        {
            asked.SetResult();
            return null;
        };
        await LoseAsync();
        Task<bool> waiting = IsServedAsync(forward);
        await asked.Task.TestTime();
        _server.AnswerToPostgres = static _ => No;
        await LoseAsync();
        Assert.True(await waiting.TestTime());
        Assert.Equal(3, _server.Questions);
    }

    private Task<Tunnel> OpenAsync()
    {
        var options = new TunnelOptions
        {
            Reconnect = true,
            Events = _events,
            Time = _time,
            Random = static () => 0.5,
            Expects = static spec => spec.Target is { Port: 5432 } target ? new(target, null) : null,
        };
        return Tunnel.OpenAsync("server", _server.ConnectAsync, options, default).TestTime();
    }

    private static Task<TunnelForward> AddAsync(Tunnel tunnel) =>
        tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default).TestTime();

    // Ends the link and lets time pass until there is the next one.
    private async Task LoseAsync()
    {
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        Task restored = RestoredAsync();
        await Until.Holds(() => restored.IsCompleted, () => _time.Advance(TimeSpan.FromMilliseconds(200)));

        await restored;
    }

    private async Task RestoredAsync()
    {
        while (await _events.NextAnyAsync() is not LinkRestored)
        {
            // What else happens does not matter.
        }
    }

    private async Task<Refusal> RefusalAsync()
    {
        while (true)
        {
            if (await _events.NextAnyAsync() is ConnectionRefused refused)
                return refused.Refusal;
        }
    }

    private static async Task<bool> IsServedAsync(TunnelForward forward)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Parse(forward.Endpoints[0].Host!), forward.Endpoints[0].Port);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync("hello"u8.ToArray());
            return await stream.ReadAsync(new byte[5]).AsTask().TestTime() > 0;
        }
        catch (Exception e) when ((e.InnerException ?? e) is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return false;
        }
    }
}
