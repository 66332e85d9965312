using System.Buffers;
using Adit.Ssh.Messages;

namespace Adit.Ssh.Transport;

/// <summary>
/// One opened packet in pooled memory. Exactly one owner calls <see cref="Release"/>: the receive loop, unless a handler took the packet over.
/// </summary>
internal readonly struct InboundPacket(byte[] block, int start, int length, uint sequence)
{
    public byte[] Block => block;

    public MessageNumber Number => (MessageNumber)block[start];

    /// <summary>Message number and fields.</summary>
    public ReadOnlyMemory<byte> Payload => block.AsMemory(start, length);

    public ReadOnlySpan<byte> Span => block.AsSpan(start, length);

    public uint Sequence => sequence;

    public void Release() => ArrayPool<byte>.Shared.Return(block);
}
