using System.Text;
using Adit.Ssh;
using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>
/// Reads the fields of a packet in order, as <see cref="SshReader"/> does, with what PROTOCOL.mux has of its own. Every read is checked
/// against what is left and against a limit; whatever does not fit is an <see cref="SshFormatException"/>.
/// </summary>
internal ref struct MuxReader(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private SshReader _fields = new(data);

    public readonly bool AtEnd => _fields.AtEnd;

    /// <summary>Reads what is left.</summary>
    public ReadOnlySpan<byte> ReadRest() => _fields.ReadBytes(_fields.Rest.Length);

    /// <summary>A flag of one byte, as the proxied connection has them.</summary>
    public bool ReadBoolean() => _fields.ReadBoolean();

    public uint ReadUInt32() => _fields.ReadUInt32();

    /// <summary>A flag, which takes four bytes here; every value but zero is true.</summary>
    public bool ReadFlag() => ReadUInt32() != 0;

    /// <summary>A length-prefixed string of at most so many bytes.</summary>
    public ReadOnlySpan<byte> ReadString(int limit = MuxMessage.MaxPacket)
    {
        ReadOnlySpan<byte> value = _fields.ReadString();
        return value.Length <= limit ? value : throw new SshFormatException($"a string has {value.Length} bytes where {limit} are the most");
    }

    /// <summary>A string of at most so many bytes that is UTF-8 and holds no NUL, which would end it early for the C library.</summary>
    public string ReadText(int limit = MuxMessage.MaxPacket) =>
        TryDecode(ReadString(limit)) ?? throw new SshFormatException("a text is not valid UTF-8, or holds a NUL");

    /// <summary>As <see cref="ReadText"/>, but null for bytes that are no such text.</summary>
    public string? ReadTextIfAny(int limit = MuxMessage.MaxPacket) => TryDecode(ReadString(limit));

    /// <summary>Everything must have been read by now.</summary>
    public readonly void ReadEnd() => _fields.ReadEnd();

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
