using System.Buffers.Binary;
using System.Text;

namespace Adit.Ssh.Wire;

/// <summary>
/// Reads the data types of RFC 4251 section 5 from a span, in order. Every read is checked against what is left;
/// whatever does not fit is an <see cref="SshFormatException"/>. Spans that it returns point into the input.
/// </summary>
/// <param name="data">What to read.</param>
public ref struct SshReader(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = data;

    /// <summary>What has not been read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Everything has been read.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>One byte.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>A flag of one byte. RFC 4251 section 5: every non-zero value is true.</summary>
    public bool ReadBoolean() => ReadByte() != 0;

    /// <summary>An unsigned number of four bytes.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>An unsigned number of eight bytes.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>So many bytes, whose length is told elsewhere.</summary>
    public ReadOnlySpan<byte> ReadBytes(int count) => Take(count);

    /// <summary>A length-prefixed string of any bytes.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        uint length = ReadUInt32();
        if (length > (uint)_rest.Length)
            throw new SshFormatException($"a string claims {length} bytes where {_rest.Length} are left");
        return Take((int)length);
    }

    /// <summary>A length-prefixed string that must be valid UTF-8.</summary>
    public string ReadText()
    {
        try
        {
            return StrictUtf8.GetString(ReadString());
        }
        catch (DecoderFallbackException e)
        {
            throw new SshFormatException("a text field is not valid UTF-8", e);
        }
    }

    /// <summary>Text for people, such as a banner: what is not valid UTF-8 is replaced, since nothing depends on it.</summary>
    public string ReadHumanText() => Encoding.UTF8.GetString(ReadString());

    /// <summary>A length-prefixed string that must be printable US-ASCII: a name of RFC 4251 section 6.</summary>
    public string ReadName()
    {
        ReadOnlySpan<byte> name = ReadString();
        RequirePrintable(name);
        return Encoding.ASCII.GetString(name);
    }

    /// <summary>A name-list: comma-separated names, none of them empty.</summary>
    public string[] ReadNameList()
    {
        ReadOnlySpan<byte> list = ReadString();
        if (list.IsEmpty)
            return [];
        RequirePrintable(list);
        string[] names = Encoding.ASCII.GetString(list).Split(',');
        if (names.AsSpan().Contains(string.Empty))
            throw new SshFormatException("a name-list holds an empty name");
        return names;
    }

    /// <summary>
    /// A non-negative multiple precision integer, big-endian without leading zeroes (empty for zero).
    /// A negative one, or one with needless leading bytes, is refused.
    /// </summary>
    public ReadOnlySpan<byte> ReadMpint()
    {
        ReadOnlySpan<byte> value = ReadString();
        if (value.IsEmpty)
            return value;
        if ((value[0] & 0x80) != 0)
            throw new SshFormatException("an mpint is negative");
        if (value[0] != 0)
            return value;
        if (value.Length == 1 || (value[1] & 0x80) == 0)
            throw new SshFormatException("an mpint has needless leading zeroes");
        return value[1..];
    }

    /// <summary>Everything must have been read by now.</summary>
    public readonly void ReadEnd()
    {
        if (!_rest.IsEmpty)
            throw new SshFormatException($"{_rest.Length} bytes are left over behind the last field");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
            throw new SshFormatException($"{count} bytes are needed where {_rest.Length} are left");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static void RequirePrintable(ReadOnlySpan<byte> name)
    {
        if (name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e))
            throw new SshFormatException("a name holds characters other than printable US-ASCII");
    }
}
