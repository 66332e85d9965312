namespace Adit.Ssh.Connection;

/// <summary>How a channel behaves on this side.</summary>
public sealed record ChannelOptions
{
    /// <summary>The defaults.</summary>
    public static ChannelOptions Default { get; } = new();

    /// <summary>
    /// Receive window in bytes: as much as the peer may send ahead of the reader. Default 1 MiB; 32 KiB to 1 GiB. Bounds the channel's memory,
    /// but for a link on which an answer takes long: there it grows with what the link carries, to 64 MiB at most, and all of the channels
    /// of a connection together by 128 MiB. On a near network less is granted while others on the connection ask questions: 64 KiB at least,
    /// and never less than the link carries; not where <see cref="ReceiveErrors"/> is asked for.
    /// </summary>
    public uint Window { get; init; } = 1024 * 1024;

    /// <summary>
    /// Continue a waiting read on the connection's receive loop. Saves waking a thread; for readers that only pass the data on and never
    /// compute or block. Default false.
    /// </summary>
    public bool ContinueInline { get; init; }

    /// <summary>Keep the peer's stderr for <see cref="Channel.ReadErrorAsync"/>. Default false: it is dropped, as nobody reads it on a forwarded connection.</summary>
    public bool ReceiveErrors { get; init; }

    /// <summary>What the channel carries, in words for the people of this side, for <see cref="ChannelStatus"/>. Default none.</summary>
    public string? Description { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">The window is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Window, 32u * 1024, nameof(Window));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Window, 1024u * 1024 * 1024, nameof(Window));
    }
}
