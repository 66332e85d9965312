using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Policy;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Policy;

/// <summary>How many names are looked up at a time, by one connection, one user and all.</summary>
public class NameLookupTests
{
    private readonly SlowNames _system = new();

    [Fact]
    public async Task One_more_than_there_are_places_for_waits_until_the_system_has_answered()
    {
        NameLookup names = new(2, _system.AskAsync);
        Task<IPAddress[]>[] looking = [.. Enumerable.Range(0, 3).Select(i => names.ResolveAsync($"host{i}", default))];
        Assert.Equal(["host0", "host1"], _system.Asked);
        _system.Answer("host1");
        Assert.Single(await looking[1].TestTime());
        await _system.Hears("host2");
        Assert.False(looking[0].IsCompleted);
    }

    [Fact]
    public async Task Who_waits_no_longer_keeps_every_place_until_the_system_has_answered()
    {
        NameLookup all = new(9, _system.AskAsync), names = new(1, all.BeginAsync);
        using CancellationTokenSource gone = new();
        Task<IPAddress[]> first = names.ResolveAsync("dead", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<IPAddress[]> second = names.ResolveAsync("next", default);
        Assert.Equal(["dead"], _system.Asked);
        _system.Answer("dead");
        await _system.Hears("next");
        _system.Answer("next");
        await second.TestTime();
    }

    [Fact]
    public async Task Who_gives_up_the_wait_for_a_place_of_all_gives_its_own_back()
    {
        NameLookup all = new(1, _system.AskAsync), names = new(1, all.BeginAsync);
        _ = all.ResolveAsync("busy", default);
        using CancellationTokenSource gone = new();
        Task<IPAddress[]> first = names.ResolveAsync("never", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _ = names.ResolveAsync("next", default);
        _system.Answer("busy");
        await _system.Hears("next");
        Assert.DoesNotContain("never", _system.Asked);
    }

    [Fact]
    public async Task One_user_has_its_share_over_all_connections_however_often_it_comes_again()
    {
        NameLookup all = new(64, _system.AskAsync);
        LookupShares shares = new(16);
        using CancellationTokenSource gone = new();
        for (int connection = 0; connection < 10; connection++)
        {
            NameLookup names = new(8, shares.Of("user joe", all.BeginAsync));
            using CancellationTokenSource left = new();
            Task<IPAddress[]>[] looking = [.. Enumerable.Range(0, 8).Select(i => names.ResolveAsync($"joe{connection}-{i}", connection < 5 ? left.Token : gone.Token))];
            await left.CancelAsync();
            if (connection < 5)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(looking));
        }

        Assert.Equal(16, _system.Asked.Length);
        NameLookup ann = new(8, shares.Of("user ann", all.BeginAsync));
        Task<IPAddress[]> hers = ann.ResolveAsync("db", default);
        _system.Answer("db");
        Assert.Single(await hers.TestTime());

        await gone.CancelAsync();
        foreach (string host in _system.Asked)
            _system.Answer(host);
        await Until.Holds(() => shares.Count == 0);
    }

    [Fact]
    public async Task A_look_up_that_fails_gives_its_places_back()
    {
        LookupShares shares = new(1);
        NameLookup names = new(1, shares.Of("joe", NameLookup.AskSystem));
        for (int i = 0; i < 3; i++)
        {
            SocketException e = await Assert.ThrowsAsync<SocketException>(() => names.ResolveAsync(new string('x', 255), default).TestTime());
            Assert.Equal(SocketError.HostNotFound, e.SocketErrorCode);
        }

        Assert.Contains(IPAddress.Loopback, await names.ResolveAsync("localhost", default).TestTime());
    }
}

/// <summary>A name service that answers when it is told to.</summary>
internal sealed class SlowNames
{
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource<IPAddress[]>> _answers = [];

    public string[] Asked => [.. _asked];

    public Task<Task<IPAddress[]>> AskAsync(string host, CancellationToken cancellationToken)
    {
        _asked.Enqueue(host);
        return Task.FromResult(AnswerTo(host).Task);
    }

    public void Answer(string host, params IPAddress[] addresses) => AnswerTo(host).TrySetResult(addresses is [] ? [IPAddress.Loopback] : addresses);

    public Task Hears(string host) => Until.Holds(() => _asked.Contains(host), name: $"a look-up of {host}");

    private TaskCompletionSource<IPAddress[]> AnswerTo(string host) => _answers.GetOrAdd(host, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
