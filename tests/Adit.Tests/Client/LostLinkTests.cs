using System.Runtime.CompilerServices;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.SshLegs;
using Adit.Tests.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Client;

/// <summary>A tunnel may lose its link any number of times.</summary>
public sealed class LostLinkTests : IAsyncLifetime
{
    private const int Losses = 5;

    private readonly MemoryServer _server = new();
    private readonly ManualTimeProvider _time = new();
    private readonly RecordedEvents _events = new();
    private readonly List<WeakReference> _links = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    [Fact]
    [Trait("Surface", "S1-15")]
    public async Task Links_that_were_lost_are_held_by_nobody()
    {
        var options = new TunnelOptions { Reconnect = true, Events = _events, Time = _time, Random = static () => 0.5 };
        await using Tunnel tunnel = await Tunnel.OpenAsync("server", ConnectAsync, options, default).TestTime();
        await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default);
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote("7000:localhost:80"), default);
        await _server.Asked.Reader.ReadAsync();

        for (int loss = 0; loss < Losses; loss++)
            await LoseAsync();

        for (int tries = 0; Alive() > 1 && tries < 100; tries++)
            await Task.Delay(10);
        Assert.Equal(Losses + 1, _links.Count);
        Assert.Equal(1, Alive());
        GC.KeepAlive(tunnel);
    }

    // In a method of its own, so that nothing of it stays on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Alive()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return _links.Count(static link => link.IsAlive);
    }

    private async Task LoseAsync()
    {
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        Task restored = RestoredAsync();
        await Until.Holds(() => restored.IsCompleted, () => _time.Advance(TimeSpan.FromMilliseconds(200)));

        await restored;
        await _server.Asked.Reader.ReadAsync().AsTask().TestTime();
    }

    private async Task RestoredAsync()
    {
        while (await _events.NextAnyAsync() is not LinkRestored)
        {
            // What else happens does not matter.
        }
    }

    private async Task<SshLink> ConnectAsync(CancellationToken cancellationToken)
    {
        SshLink link = await _server.ConnectAsync(cancellationToken);
        _links.Add(new(link));
        return link;
    }
}
