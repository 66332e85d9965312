using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Limits and habits of a connection's channels.</summary>
public sealed record ConnectionOptions
{
    /// <summary>The defaults.</summary>
    public static ConnectionOptions Default { get; } = new();

    /// <summary>Channels at a time, those being opened included. Default 16,384; 1 to 1,048,576.</summary>
    public int MaxChannels { get; init; } = 16 * 1024;

    /// <summary>
    /// Most data bytes in one packet, sent or received. Default 64 KiB less 192 bytes, so that a packet of any cipher fits the largest segment of TCP
    /// within a machine; 1 KiB to 64 KiB.
    /// </summary>
    public int MaxDataPacket { get; init; } = (64 * 1024) - 192;

    /// <summary>Keepalive. Default off.</summary>
    public KeepAliveOptions KeepAlive { get; init; } = KeepAliveOptions.Off;

    /// <summary>
    /// Asked to call an action at the end of what the thread that asks does now, so that all it has to send by then leaves at once, and nobody keeps
    /// it from others. Answers whether it will. Default never.
    /// </summary>
    public Func<Action, bool>? Later { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChannels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxChannels, 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDataPacket, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDataPacket, 64 * 1024);
        KeepAlive.Validate();
    }
}
