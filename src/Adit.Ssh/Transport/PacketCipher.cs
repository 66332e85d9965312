namespace Adit.Ssh.Transport;

/// <summary>
/// Gives the packets of one direction and one key generation their shape on the wire, RFC 4253 section 6. Keyed once; no I/O.
/// "packet" below is packet_length, padding_length, payload and padding; the tag or MAC follows it on the wire.
/// </summary>
internal abstract class PacketCipher : IDisposable
{
    /// <summary>Padding fills the packet to a multiple of this (RFC 4253 section 6).</summary>
    public abstract int BlockSize { get; }

    /// <summary>Whether the packet_length field counts towards that multiple: not so with AEAD and encrypt-then-MAC.</summary>
    public abstract bool AlignsLength { get; }

    public abstract int TagLength { get; }

    /// <summary>The packet_length field at the start of a sealed packet. Not yet authenticated: only a limit may be checked against it.</summary>
    public abstract uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix);

    /// <summary>Protects the packet in place and writes its tag.</summary>
    public abstract void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag);

    /// <summary>Protects a packet whose part at <paramref name="dataStart"/> is to become <paramref name="data"/>, which lies elsewhere and stays as it is.</summary>
    public virtual void Seal(PacketPosition position, Span<byte> packet, int dataStart, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        data.CopyTo(packet[dataStart..]);
        Seal(position, packet, tag);
    }

    /// <summary>Opens a packet into <paramref name="opened"/>, which takes what follows packet_length. False when the tag is wrong.</summary>
    public abstract bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened);

    public abstract void Dispose();
}
