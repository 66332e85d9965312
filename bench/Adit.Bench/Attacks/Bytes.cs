using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Adit.Bench.Attacks;

/// <summary>Raw bytes of SSH as a peer without keys sends them.</summary>
internal static class Bytes
{
    private const int Block = 8;
    private const int MinPadding = 4;
    private const int CookieLength = 16;

    /// <summary>A packet of RFC 4253 section 6 in the clear.</summary>
    public static byte[] Packet(ReadOnlySpan<byte> payload)
    {
        int padding = Block - ((sizeof(uint) + 1 + payload.Length) % Block);
        if (padding < MinPadding)
            padding += Block;
        byte[] packet = new byte[sizeof(uint) + 1 + payload.Length + padding];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length - sizeof(uint));
        packet[sizeof(uint)] = (byte)padding;
        payload.CopyTo(packet.AsSpan(sizeof(uint) + 1));
        return packet;
    }

    public static byte[] Repeat(byte[] packet, int times)
    {
        byte[] all = new byte[packet.Length * times];
        for (int i = 0; i < times; i++)
            packet.CopyTo(all, i * packet.Length);
        return all;
    }

    /// <summary>A string of RFC 4251 section 5.</summary>
    public static byte[] Text(ReadOnlySpan<byte> text)
    {
        byte[] written = new byte[sizeof(uint) + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(written, text.Length);
        text.CopyTo(written.AsSpan(sizeof(uint)));
        return written;
    }

    /// <summary>A KEXINIT that a server can agree to.</summary>
    public static byte[] KexInit() => Packet(
    [
        20, .. RandomNumberGenerator.GetBytes(CookieLength),
        .. Text("curve25519-sha256,kex-strict-c-v00@openssh.com"u8), .. Text("ssh-ed25519"u8),
        .. Text("aes128-gcm@openssh.com"u8), .. Text("aes128-gcm@openssh.com"u8),
        .. Text("hmac-sha2-256"u8), .. Text("hmac-sha2-256"u8),
        .. Text("none"u8), .. Text("none"u8), .. Text([]), .. Text([]),
        0, 0, 0, 0, 0,
    ]);

    /// <summary>Reads, and thinks nothing of it, until the far end closes.</summary>
    public static async Task DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }
}
