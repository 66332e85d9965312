using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages;

/// <summary>The fields of one message, behind its number. Reading checks format only; whether the message may come now is the phase table's matter.</summary>
internal interface IMessage<TSelf>
    where TSelf : struct, IMessage<TSelf>
{
    static abstract MessageNumber Number { get; }

    /// <summary>Reads the fields behind the message number. The caller checks that nothing is left over.</summary>
    static abstract TSelf Read(ref SshReader reader);

    void Write(ref SshWriter writer);
}

/// <summary>Turns messages into payloads (number and fields, RFC 4253 section 6) and back.</summary>
internal static class Message
{
    public static byte[] Encode<T>(in T message)
        where T : struct, IMessage<T>
    {
        var writer = new SshWriter(stackalloc byte[512]);
        writer.WriteByte((byte)T.Number);
        message.Write(ref writer);
        byte[] payload = writer.ToArray();
        writer.Dispose();
        return payload;
    }

    /// <exception cref="SshFormatException">The payload is another message, malformed, or too long.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> payload)
        where T : struct, IMessage<T>
    {
        var reader = new SshReader(payload);
        byte number = reader.ReadByte();
        if (number != (byte)T.Number)
            throw new SshFormatException($"message {number} came where {T.Number} was due");
        T message = T.Read(ref reader);
        reader.ReadEnd();
        return message;
    }
}
