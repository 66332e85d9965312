using Adit.Tests.Shared;

namespace Adit.Tests.Library;

public sealed class PreparedTunnelTests : LibraryTest
{
    [Fact]
    public async Task A_prepared_tunnel_opens_once_for_all_who_use_it_first()
    {
        await using SshTunnel tunnel = SshTunnel.Create(Host, Server.Options);
        Assert.Equal(SshTunnelState.Idle, tunnel.State);
        Assert.Equal(0, Server.Logins);
        TunnelStream[] streams = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => tunnel.ConnectAsync("echo", 1))).TestTime();
        Assert.Equal(1, Server.Logins);
        foreach (TunnelStream stream in streams)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task A_prepared_tunnel_opens_again_after_its_end()
    {
        await using SshTunnel tunnel = SshTunnel.Create(Host, Server.Options with { Reconnect = false });
        await using (TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime())
        {
            Server.Hangup();
            Assert.Equal(0, await ReadEndAsync(stream).TestTime());
        }

        await using TunnelStream next = await UntilConnectedAsync(tunnel).TestTime();
        Assert.Equal(2, Server.Logins);
    }

    [Fact]
    public async Task A_login_that_was_refused_is_not_tried_again_at_once()
    {
        var time = new ManualTimeProvider();
        Server.IsClosed = true;
        await using SshTunnel tunnel = SshTunnel.Create(Host, Server.Options with { Time = time });
        AuthenticationFailedException first = await Assert.ThrowsAsync<AuthenticationFailedException>(() => tunnel.ConnectAsync("echo", 1).TestTime());
        AuthenticationFailedException second = await Assert.ThrowsAsync<AuthenticationFailedException>(() => tunnel.ConnectAsync("echo", 1).TestTime());
        Assert.NotSame(first, second);
        Assert.Equal(1, Server.Logins);
        Server.IsClosed = false;
        time.Advance(TimeSpan.FromSeconds(10));
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime();
        Assert.Equal(2, Server.Logins);
    }

    [Fact]
    public async Task Who_waits_for_a_way_back_that_is_refused_hears_of_it_at_once()
    {
        foreach (bool prepared in (bool[])[false, true])
        {
            SshTunnelOptions options = Server.Options with { ReconnectWait = TimeSpan.FromHours(1) };
            await using SshTunnel tunnel = prepared ? SshTunnel.Create(Host, options) : await SshTunnel.OpenAsync(Host, options).TestTime();
            await tunnel.EnsureOpenAsync().TestTime();
            Server.IsClosed = true;
            Server.Hangup();
            await Assert.ThrowsAsync<AuthenticationFailedException>(() => FailAsync(tunnel).TestTime());
            Server.IsClosed = false;
        }
    }

    [Fact]
    public async Task A_tunnel_that_ends_for_want_of_use_opens_again_for_the_next_who_comes()
    {
        var time = new ManualTimeProvider();
        await using SshTunnel tunnel = SshTunnel.Create(Host, Server.Options with { Time = time, DefaultIdleTimeout = TimeSpan.FromMinutes(5) });
        await (await tunnel.ConnectAsync("echo", 1).TestTime()).DisposeAsync();
        await Until.Holds(() => tunnel.State is SshTunnelState.Idle, () => time.Advance(TimeSpan.FromMinutes(1)));

        Assert.Null(tunnel.LastFailure);
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime();
        Assert.Equal(2, Server.Logins);
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_opening_to_the_others_and_the_last_one_takes_it_with_him()
    {
        TaskCompletionSource asked = new(), answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SshTunnel tunnel = SshTunnel.Create(Host, Server.Options with
        {
            Prompt = async (_, token) =>
            {
                asked.TrySetResult();
                await Task.WhenAny(answered.Task, Task.Delay(Timeout.Infinite, token));
                if (token.IsCancellationRequested)
                    cancelled.TrySetResult();
                return LoopbackServer.Password;
            },
        });
        using var one = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        Task first = tunnel.EnsureOpenAsync(one.Token), second = tunnel.EnsureOpenAsync(other.Token);
        await asked.Task.TestTime();
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.TestTime());
        Assert.False(cancelled.Task.IsCompleted);
        await other.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.TestTime());
        await cancelled.Task.TestTime();
        answered.SetResult();
        await tunnel.EnsureOpenAsync().TestTime();
        Assert.Equal(2, Server.Logins);
    }

    private static async Task<int> ReadEndAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // One or the other may still reach the server that is about to hang up.
    private static async Task FailAsync(SshTunnel tunnel)
    {
        while (true)
        {
            await (await tunnel.ConnectAsync("echo", 1)).DisposeAsync();
            await Task.Yield();
        }
    }

    // Until the end of the former one is known here, it may still be the one that is used.
    private static async Task<TunnelStream> UntilConnectedAsync(SshTunnel tunnel)
    {
        while (true)
        {
            try
            {
                return await tunnel.ConnectAsync("echo", 1);
            }
            catch (TunnelDownException)
            {
                await Task.Yield();
            }
        }
    }
}
