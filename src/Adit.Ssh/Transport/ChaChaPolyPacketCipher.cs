using System.Buffers.Binary;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Transport;

/// <summary>
/// chacha20-poly1305@openssh.com (draft-ietf-sshm-chacha20-poly1305): one key for the length, one for payload and Poly1305,
/// the sequence number as nonce, the tag over the sealed packet.
/// </summary>
internal sealed class ChaChaPolyPacketCipher(ReadOnlySpan<byte> key) : PacketCipher
{
    public const int KeyLength = 64;

    private readonly ChaCha20 _payload = new(key[..32]);
    private readonly ChaCha20 _length = new(key[32..KeyLength]);
    private readonly Poly1305 _poly = new();

    public override int BlockSize => 8;

    public override bool AlignsLength => false;

    public override int TagLength => Poly1305.TagSize;

    public override uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        _length.Transform(position.Sequence, 0, prefix[..sizeof(uint)], length);
        return BinaryPrimitives.ReadUInt32BigEndian(length);
    }

    public override void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag)
    {
        Span<byte> length = packet[..sizeof(uint)];
        Span<byte> body = packet[sizeof(uint)..];
        _length.Transform(position.Sequence, 0, length, length);
        _payload.Transform(position.Sequence, 1, body, body);
        ComputeTag(position, packet, tag);
    }

    public override bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened)
    {
        Span<byte> expected = stackalloc byte[Poly1305.TagSize];
        ComputeTag(position, packet, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, tag))
            return false;
        _payload.Transform(position.Sequence, 1, packet[sizeof(uint)..], opened);
        return true;
    }

    public override void Dispose()
    {
        _payload.Dispose();
        _length.Dispose();
        _poly.Dispose();
    }

    private void ComputeTag(PacketPosition position, ReadOnlySpan<byte> packet, Span<byte> tag)
    {
        Span<byte> oneTimeKey = stackalloc byte[Poly1305.KeySize];
        oneTimeKey.Clear();
        _payload.Transform(position.Sequence, 0, oneTimeKey, oneTimeKey);
        _poly.Compute(oneTimeKey, packet, tag);
        CryptographicOperations.ZeroMemory(oneTimeKey);
    }
}
