using System.Net.Sockets;

namespace Adit.Bench.Attacks;

/// <summary>One way to misuse a server.</summary>
/// <param name="Name">What it does.</param>
/// <param name="RunAsync">
/// Does it on a connection that was just made, until the server has ended that (it then returns, or throws as the stream does) or the token
/// is cancelled.
/// </param>
internal sealed record Attack(string Name, Func<NetworkStream, Victim, CancellationToken, Task> RunAsync)
{
    public static Attack Silence { get; } = new("says nothing", static (stream, _, stop) => Bytes.DrainAsync(stream, stop));

    public static Attack Garbage { get; } = new("garbage for an identification", StrangerAttacks.GarbageAsync);

    public static Attack SlowIdentification { get; } = new("identification byte by byte", StrangerAttacks.SlowIdentificationAsync);

    public static Attack EndlessIgnore { get; } = new("endless IGNORE before keys", StrangerAttacks.EndlessIgnoreAsync);

    public static Attack EndlessDebug { get; } = new("endless DEBUG before keys", StrangerAttacks.EndlessDebugAsync);

    public static Attack UnknownMessages { get; } = new("unknown messages before keys, no reading", StrangerAttacks.UnknownMessagesAsync);

    public static Attack UnfinishedKeyExchange { get; } = new("key exchange left unfinished", StrangerAttacks.UnfinishedKeyExchangeAsync);

    public static Attack HugeLength { get; } = new("a packet of 4 GiB", StrangerAttacks.HugeLengthAsync);

    public static Attack LargestLength { get; } = new("the largest packet, never sent", StrangerAttacks.LargestLengthAsync);

    public static Attack UnreadOpens { get; } = new("100,000 channels, no reading", UserAttacks.UnreadOpensAsync);

    public static Attack UnreadPings { get; } = new("endless pings, no reading", UserAttacks.UnreadPingsAsync);

    public static Attack UnreadRequests { get; } = new("endless requests, no reading", UserAttacks.UnreadRequestsAsync);

    public static Attack AbsurdWindow { get; } = new("windows and packets of 4 GiB", UserAttacks.AbsurdWindowAsync);

    public static Attack NoPacketSize { get; } = new("a packet size of 0", UserAttacks.NoPacketSizeAsync);

    /// <summary>Those of people whom the server does not know.</summary>
    public static IReadOnlyList<Attack> OfStrangers { get; } =
        [Silence, Garbage, SlowIdentification, EndlessIgnore, EndlessDebug, UnknownMessages, UnfinishedKeyExchange, HugeLength, LargestLength];

    /// <summary>Those of users whom it lets in.</summary>
    public static IReadOnlyList<Attack> OfUsers { get; } = [UnreadOpens, UnreadPings, UnreadRequests, AbsurdWindow, NoPacketSize];
}
