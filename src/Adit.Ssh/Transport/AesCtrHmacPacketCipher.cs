using System.Buffers.Binary;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Transport;

/// <summary>aes*-ctr (RFC 4344 section 4) with an encrypt-then-MAC hmac-sha2-*-etm@openssh.com: packet_length in clear, the MAC over the sealed packet.</summary>
internal sealed class AesCtrEtmPacketCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Hmac mac) : PacketCipher
{
    private readonly AesCtr _cipher = new(key);
    private readonly byte[] _iv = iv.ToArray();

    public override int BlockSize => 16;

    public override bool AlignsLength => false;

    public override int TagLength => mac.Size;

    public override uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix) => BinaryPrimitives.ReadUInt32BigEndian(prefix);

    public override void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag)
    {
        Span<byte> counter = stackalloc byte[16];
        CtrCounter.At(_iv, position.Block, counter);
        Span<byte> body = packet[sizeof(uint)..];
        _cipher.Transform(counter, body, body);
        mac.Compute(position.Sequence, packet, tag);
    }

    public override bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened)
    {
        Span<byte> expected = stackalloc byte[mac.Size];
        mac.Compute(position.Sequence, packet, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, tag))
            return false;
        Span<byte> counter = stackalloc byte[16];
        CtrCounter.At(_iv, position.Block, counter);
        _cipher.Transform(counter, packet[sizeof(uint)..], opened);
        return true;
    }

    public override void Dispose()
    {
        CryptographicOperations.ZeroMemory(_iv);
        _cipher.Dispose();
        mac.Dispose();
    }
}

/// <summary>
/// aes*-ctr with a plain hmac-sha2-*, for peers that know no better: the length is encrypted too, and the MAC is over the clear packet
/// (RFC 4253 section 6.4), so the length is used before anything is authenticated.
/// </summary>
internal sealed class AesCtrHmacPacketCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Hmac mac) : PacketCipher
{
    private const int AesBlock = 16;

    private readonly AesCtr _cipher = new(key);
    private readonly byte[] _iv = iv.ToArray();

    public override int BlockSize => AesBlock;

    public override bool AlignsLength => true;

    public override int TagLength => mac.Size;

    public override uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        Span<byte> counter = stackalloc byte[AesBlock];
        CtrCounter.At(_iv, position.Block, counter);
        _cipher.Transform(counter, prefix[..sizeof(uint)], length);
        return BinaryPrimitives.ReadUInt32BigEndian(length);
    }

    public override void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag)
    {
        mac.Compute(position.Sequence, packet, tag);
        Span<byte> counter = stackalloc byte[AesBlock];
        CtrCounter.At(_iv, position.Block, counter);
        _cipher.Transform(counter, packet, packet);
    }

    public override bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened)
    {
        // The first block holds the length, which the MAC covers and nobody wants: it is opened apart, the rest goes where it belongs.
        Span<byte> first = stackalloc byte[AesBlock];
        Span<byte> counter = stackalloc byte[AesBlock];
        CtrCounter.At(_iv, position.Block, counter);
        _cipher.Transform(counter, packet[..AesBlock], first);
        first[sizeof(uint)..].CopyTo(opened);
        CtrCounter.At(_iv, position.Block + 1, counter);
        _cipher.Transform(counter, packet[AesBlock..], opened[(AesBlock - sizeof(uint))..]);

        Span<byte> expected = stackalloc byte[mac.Size];
        mac.Compute(position.Sequence, first[..sizeof(uint)], opened, expected);
        bool genuine = CryptographicOperations.FixedTimeEquals(expected, tag);
        if (!genuine)
            CryptographicOperations.ZeroMemory(opened);
        return genuine;
    }

    public override void Dispose()
    {
        CryptographicOperations.ZeroMemory(_iv);
        _cipher.Dispose();
        mac.Dispose();
    }
}

/// <summary>The counter block of RFC 4344 section 4: the initial vector plus the blocks that went before.</summary>
internal static class CtrCounter
{
    public static void At(ReadOnlySpan<byte> iv, ulong block, Span<byte> counter) =>
        BinaryPrimitives.WriteUInt128BigEndian(counter, unchecked(BinaryPrimitives.ReadUInt128BigEndian(iv) + block));
}
