using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Adit.Mux.Messages;

/// <summary>Writes the fields of a packet.</summary>
internal sealed class MuxWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public void WriteByte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void WriteBytes(ReadOnlySpan<byte> value) => _buffer.Write(value);

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.GetSpan(sizeof(uint)), value);
        _buffer.Advance(sizeof(uint));
    }

    /// <summary>A flag, which takes four bytes here.</summary>
    public void WriteFlag(bool value) => WriteUInt32(value ? 1u : 0u);

    /// <summary>A length-prefixed string in UTF-8.</summary>
    public void WriteText(string value)
    {
        int count = Encoding.UTF8.GetByteCount(value);
        WriteUInt32((uint)count);
        Encoding.UTF8.GetBytes(value, _buffer.GetSpan(count));
        _buffer.Advance(count);
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();
}
