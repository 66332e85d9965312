using System.Buffers.Binary;
using System.Text;
using Adit.Ssh;

namespace Adit.Mux.Messages;

/// <summary>
/// Reads the fields of a packet in order. Every read is checked against what is left and against a limit; whatever does not fit is an
/// <see cref="SshFormatException"/>.
/// </summary>
internal ref struct MuxReader(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = data;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads what is left.</summary>
    public ReadOnlySpan<byte> ReadRest()
    {
        ReadOnlySpan<byte> rest = _rest;
        _rest = default;
        return rest;
    }

    public byte ReadByte()
    {
        if (_rest.IsEmpty)
            throw new SshFormatException("a byte is needed where none is left");
        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public uint ReadUInt32()
    {
        if (_rest.Length < sizeof(uint))
            throw new SshFormatException($"4 bytes are needed where {_rest.Length} are left");
        uint value = BinaryPrimitives.ReadUInt32BigEndian(_rest);
        _rest = _rest[sizeof(uint)..];
        return value;
    }

    /// <summary>A flag, which takes four bytes here; every value but zero is true.</summary>
    public bool ReadFlag() => ReadUInt32() != 0;

    /// <summary>A length-prefixed string of at most so many bytes.</summary>
    public ReadOnlySpan<byte> ReadString(int limit = MuxMessage.MaxPacket)
    {
        uint length = ReadUInt32();
        if (length > (uint)_rest.Length)
            throw new SshFormatException($"a string claims {length} bytes where {_rest.Length} are left");
        if (length > (uint)limit)
            throw new SshFormatException($"a string has {length} bytes where {limit} are the most");
        ReadOnlySpan<byte> value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return value;
    }

    /// <summary>A string of at most so many bytes that is UTF-8 and holds no NUL, which would end it early for the C library.</summary>
    public string ReadText(int limit = MuxMessage.MaxPacket) =>
        TryDecode(ReadString(limit)) ?? throw new SshFormatException("a text is not valid UTF-8, or holds a NUL");

    /// <summary>As <see cref="ReadText"/>, but null for bytes that are no such text.</summary>
    public string? ReadTextIfAny(int limit = MuxMessage.MaxPacket) => TryDecode(ReadString(limit));

    /// <summary>Everything must have been read by now.</summary>
    public readonly void ReadEnd()
    {
        if (!_rest.IsEmpty)
            throw new SshFormatException($"{_rest.Length} bytes are left over behind the last field");
    }

    private static string? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Contains((byte)0))
            return null;
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
