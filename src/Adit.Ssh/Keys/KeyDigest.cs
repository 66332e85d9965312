using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Adit.Ssh.Keys;

/// <summary>32 bytes that stand for a key or a text of any length, so that a large set of them has a known size.</summary>
internal readonly struct KeyDigest : IEquatable<KeyDigest>
{
    private readonly ulong _a, _b, _c, _d;

    private KeyDigest(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>A digest that was made elsewhere: of SHA-256, or a shorter one, which is filled up with zeroes.</summary>
    public static KeyDigest Given(ReadOnlySpan<byte> digest)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        bytes.Clear();
        digest.CopyTo(bytes);
        return new(bytes);
    }

    public static KeyDigest Sha256(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, digest);
        return new(digest);
    }

#pragma warning disable CA5350 // Lists of revoked keys name keys by SHA-1; a key that collides with one of them is refused, no more.
    public static KeyDigest Sha1(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(data, digest);
        return Given(digest);
    }
#pragma warning restore CA5350

    public bool Equals(KeyDigest other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is KeyDigest other && Equals(other);

    // Whoever writes the list chooses the digests in it; HashCode has a seed of its own in each process.
    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);
}
