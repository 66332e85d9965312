using System.Text;
using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Proxies;

/// <summary>A proxy in memory, which says and hears what the test wants.</summary>
public abstract class ProxyTest
{
    private protected static readonly Endpoint Target = Endpoint.Parse("db.internal:5432");

    private protected FakeDialer Inner { get; } = new();

    private protected static Task<DialedConnection> DialAsync(IDialer dialer, Endpoint? target = null, CancellationToken cancellationToken = default) =>
        dialer.DialAsync(target ?? Target, ConnectionOrigin.ThisProcess, cancellationToken).AsTask();

    private protected Task<MemoryDuplex> ProxyAsync() => Inner.NextServerAsync().TestTime();

    private protected static async Task HearAsync(MemoryDuplex proxy, byte[] bytes) =>
        Assert.Equal(bytes, await proxy.ReadExactlyAsync(bytes.Length).TestTime());

    private protected static Task HearAsync(MemoryDuplex proxy, string text) => HearAsync(proxy, Encoding.ASCII.GetBytes(text));

    private protected static async Task<DialException> AssertRefusedAsync(Task<DialedConnection> dialing, DialFailure failure, string why)
    {
        DialException refused = await Assert.ThrowsAsync<DialException>(() => dialing).TestTime();
        Assert.Equal((failure, $"cannot connect to {Target}: {why}"), (refused.Failure, refused.Message));
        return refused;
    }

    private protected void AssertIsGone() => Assert.Equal((true, true), (Inner.LastFar!.IsAborted, Inner.LastFar.IsDisposed));

    /// <summary>Hands out one byte at a time of what another dialer's connections receive.</summary>
    private protected sealed class SlowDialer(IDialer inner) : IDialer
    {
        public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            DialedConnection dialed = await inner.DialAsync(target, origin, cancellationToken);
            return dialed with { Duplex = new FaultyDuplex(dialed.Duplex) { MaxChunk = 1 } };
        }
    }
}
