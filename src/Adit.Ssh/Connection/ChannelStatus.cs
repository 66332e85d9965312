namespace Adit.Ssh.Connection;

/// <summary>Where a channel stands at one moment.</summary>
public sealed record ChannelStatus
{
    /// <summary>Its number on this side, from 0.</summary>
    public required int Number { get; init; }

    /// <summary>Its number on the peer's side; null while it is being opened.</summary>
    public uint? RemoteNumber { get; init; }

    /// <summary>Its type, such as <c>direct-tcpip</c>.</summary>
    public required string Type { get; init; }

    /// <summary>As <see cref="ChannelOptions.Description"/> says.</summary>
    public string? Description { get; init; }

    /// <summary>Bytes of the write that is under way that were not sent.</summary>
    public int Unsent { get; init; }

    /// <summary>Bytes that were received and not read.</summary>
    public long Unread { get; init; }

    /// <summary>Whether this side has ended its direction.</summary>
    public bool OutputEnded { get; init; }

    /// <summary>Whether the peer has ended its direction.</summary>
    public bool InputEnded { get; init; }
}
