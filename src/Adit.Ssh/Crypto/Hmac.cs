using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Adit.Ssh.Crypto;

/// <summary>
/// The MAC of RFC 4253 section 6.4, with HMAC-SHA-256 or HMAC-SHA-512 (RFC 6668), over a sequence number and a packet.
/// Allocates nothing per packet. One thread at a time.
/// </summary>
internal sealed unsafe class Hmac : IDisposable
{
    private static readonly LibCryptoAlgorithm Algorithm = LibCryptoAlgorithm.Mac("HMAC");

    private readonly MacContext _context = MacContext.Create(Algorithm.Handle);
    private readonly SecretBytes _key;

    /// <summary>Takes SHA256 or SHA512 and a key of any length from 1 on.</summary>
    public Hmac(HashAlgorithmName hash, ReadOnlySpan<byte> key)
    {
        Size = hash == HashAlgorithmName.SHA256 ? SHA256.HashSizeInBytes
            : hash == HashAlgorithmName.SHA512 ? SHA512.HashSizeInBytes
            : throw new ArgumentException($"the hash of an HMAC is SHA256 or SHA512, not {hash}", nameof(hash));
        if (key.IsEmpty)
            throw new ArgumentException("the key of an HMAC is not empty", nameof(key));
        _key = new SecretBytes(key.Length);
        key.CopyTo(_key.Span);
        using HandleLease context = new(_context);
        fixed (byte* name = "digest\0"u8, value = Encoding.ASCII.GetBytes(hash.Name + "\0"))
        {
            OsslParam* parameters = stackalloc OsslParam[2];
            parameters[0] = OsslParam.Utf8String(name, value, hash.Name!.Length);
            parameters[1] = default;
            LibCrypto.Check(LibCrypto.EVP_MAC_CTX_set_params(context.Value, parameters));
        }
    }

    public static bool IsSupported => Algorithm.IsSupported;

    /// <summary>Bytes of a MAC: 32 or 64.</summary>
    public int Size { get; }

    /// <summary>The MAC over a sequence number and a packet.</summary>
    public void Compute(uint sequenceNumber, ReadOnlySpan<byte> packet, Span<byte> mac) => Compute(sequenceNumber, packet, [], mac);

    /// <summary>The MAC over a sequence number and a packet that lies in two pieces.</summary>
    public void Compute(uint sequenceNumber, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> mac)
    {
        Span<byte> prefix = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, sequenceNumber);
        Compute(prefix, first, second, mac);
    }

    /// <summary>The MAC over bytes, with no sequence number.</summary>
    public void Compute(ReadOnlySpan<byte> data, Span<byte> mac) => Compute(data, [], [], mac);

    public void Dispose()
    {
        _context.Dispose();
        _key.Dispose();
    }

    private void Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> mac)
    {
        Buffers.RequireLength(mac, Size, nameof(mac));
        using HandleLease context = new(_context);
        nuint written = 0;
        fixed (byte* key = _key.Span, one = first, two = second, three = third, output = mac)
        {
            // The key goes in each time: before 3.0.3, libcrypto goes on from the last packet when it is left out.
            LibCrypto.Check(LibCrypto.EVP_MAC_init(context.Value, key, (nuint)_key.Length, 0));
            Update(context.Value, one, first.Length);
            Update(context.Value, two, second.Length);
            Update(context.Value, three, third.Length);
            LibCrypto.Check(LibCrypto.EVP_MAC_final(context.Value, output, &written, (nuint)Size));
        }
    }

    private static void Update(nint context, byte* data, int length)
    {
        if (length > 0)
            LibCrypto.Check(LibCrypto.EVP_MAC_update(context, data, (nuint)length));
    }
}
