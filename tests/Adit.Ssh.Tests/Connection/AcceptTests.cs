using Adit.Ssh.Connection;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>Channels that are accepted on other threads than the receive loop's.</summary>
public class AcceptTests
{
    [Fact]
    public async Task A_peer_may_use_a_channel_as_soon_as_it_hears_that_it_is_open()
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(server: options => options with { Handler = new ThreadTaker() });
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            for (int i = 0; i < 2000; i++)
            {
                Channel channel = await ends.Client.OpenAsync("test", []).AsTask().TestTime();
                channel.Notify("hello", []);
                await channel.WriteAsync(new byte[1]).AsTask().TestTime();
                channel.CompleteOutput();
                await channel.ReadAsync().AsTask().TestTime();
                await channel.DisposeAsync();
            }
        })).TestTime();
        Assert.False(ends.Server.Closed.IsCompleted);
    }

    private sealed class ThreadTaker : IConnectionHandler
    {
        public void OnChannelOpen(IncomingChannel channel) => _ = Task.Run(() => TakeAsync(channel.Accept()));

        public void OnGlobalRequest(IncomingRequest request) => request.Fail();

        private static async Task TakeAsync(Channel channel)
        {
            while (await channel.ReadAsync() is { IsEmpty: false })
            {
                // It only has to come.
            }

            await channel.DisposeAsync();
        }
    }
}
