using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Adit.Ssh.Wire;

/// <summary>
/// Writes the data types of RFC 4251 section 5. Starts in the caller's span and moves to pooled memory when that is full;
/// <see cref="Dispose"/> clears and returns what it rented, because passwords and keys pass through here.
/// </summary>
/// <param name="initial">Memory to start in; may be empty.</param>
public ref struct SshWriter(Span<byte> initial)
{
    private Span<byte> _buffer = initial;
    private byte[]? _rented;
    private int _length;

    /// <summary>What was written so far; valid until the next write.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>Bytes that were written so far.</summary>
    public readonly int Length => _length;

    /// <summary>One byte.</summary>
    public void WriteByte(byte value) => Reserve(1)[0] = value;

    /// <summary>A flag of one byte.</summary>
    public void WriteBoolean(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>An unsigned number of four bytes.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    /// <summary>An unsigned number of eight bytes.</summary>
    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    /// <summary>Bytes, without their length.</summary>
    public void WriteBytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>A length-prefixed string.</summary>
    public void WriteString(scoped ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        WriteBytes(value);
    }

    /// <summary>A length-prefixed string in UTF-8.</summary>
    public void WriteString(string value)
    {
        int count = Encoding.UTF8.GetByteCount(value);
        WriteUInt32((uint)count);
        Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    /// <summary>A name-list: the names with commas between them.</summary>
    public void WriteNameList(IEnumerable<string> names) => WriteString(string.Join(',', names));

    /// <summary>A multiple precision integer from an unsigned big-endian number.</summary>
    public void WriteMpint(scoped ReadOnlySpan<byte> unsigned)
    {
        unsigned = unsigned.TrimStart((byte)0);
        bool needsSignByte = !unsigned.IsEmpty && (unsigned[0] & 0x80) != 0;
        WriteUInt32((uint)unsigned.Length + (needsSignByte ? 1u : 0u));
        if (needsSignByte)
            WriteByte(0);
        WriteBytes(unsigned);
    }

    /// <summary>A copy of what was written so far.</summary>
    public readonly byte[] ToArray() => Written.ToArray();

    /// <summary>Starts over in the same memory, cleared.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_buffer[.._length]);
        _length = 0;
    }

    /// <summary>Clears and gives back the memory.</summary>
    public void Dispose()
    {
        Clear();
        if (_rented is { } rented)
            ArrayPool<byte>.Shared.Return(rented);
        _rented = null;
        _buffer = default;
    }

    private Span<byte> Reserve(int count)
    {
        int needed = checked(_length + count);
        if (needed > _buffer.Length)
            Grow(needed);
        Span<byte> reserved = _buffer.Slice(_length, count);
        _length = needed;
        return reserved;
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
        Written.CopyTo(larger);
        CryptographicOperations.ZeroMemory(_buffer[.._length]);
        if (_rented is { } old)
            ArrayPool<byte>.Shared.Return(old);
        _rented = larger;
        _buffer = larger;
    }
}
