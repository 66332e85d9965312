using System.Buffers.Binary;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Transport;

/// <summary>
/// aes128-gcm@openssh.com and aes256-gcm@openssh.com: RFC 5647 section 7 with packet_length in clear as associated data.
/// The nonce is the IV of the key exchange plus the number of packets since NEWKEYS.
/// </summary>
internal sealed class AesGcmPacketCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, bool sealing) : PacketCipher
{
    private const int FixedIvLength = 4;

    /// <summary>Less than this is copied at less cost than encrypted apart.</summary>
    private const int LeastApart = 2 * 1024;

    private readonly AesGcmCipher _cipher = new(key, sealing);
    private readonly byte[] _fixedIv = iv[..FixedIvLength].ToArray();
    private readonly ulong _firstInvocation = BinaryPrimitives.ReadUInt64BigEndian(iv[FixedIvLength..]);

    public override int BlockSize => 16;

    public override bool AlignsLength => false;

    public override int TagLength => AesGcmCipher.TagSize;

    public override uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix) => BinaryPrimitives.ReadUInt32BigEndian(prefix);

    public override void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag) => Seal(position, packet, packet.Length, [], tag);

    // The data is encrypted on its way into the packet, so that much of it costs no copy.
    public override void Seal(PacketPosition position, Span<byte> packet, int dataStart, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        if (data.Length is > 0 and < LeastApart)
        {
            base.Seal(position, packet, dataStart, data, tag);
            return;
        }

        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceSize];
        WriteNonce(position, nonce);
        _cipher.Seal(nonce, packet[..sizeof(uint)], packet[sizeof(uint)..], dataStart - sizeof(uint), data, tag);
    }

    public override bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened)
    {
        Span<byte> nonce = stackalloc byte[AesGcmCipher.NonceSize];
        WriteNonce(position, nonce);
        return _cipher.TryOpen(nonce, packet[..sizeof(uint)], packet[sizeof(uint)..], tag, opened);
    }

    public override void Dispose()
    {
        CryptographicOperations.ZeroMemory(_fixedIv);
        _cipher.Dispose();
    }

    private void WriteNonce(PacketPosition position, Span<byte> nonce)
    {
        _fixedIv.CopyTo(nonce);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[FixedIvLength..], unchecked(_firstInvocation + position.Packet));
    }
}
