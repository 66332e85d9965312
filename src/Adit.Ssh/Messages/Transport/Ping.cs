using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH2_MSG_PING, OpenSSH's PROTOCOL section 1.9.</summary>
internal readonly record struct Ping(byte[] Data) : IMessage<Ping>
{
    public static MessageNumber Number => MessageNumber.Ping;

    public static Ping Read(ref SshReader reader) => new(reader.ReadString().ToArray());

    public void Write(ref SshWriter writer) => writer.WriteString(Data);
}

/// <summary>SSH2_MSG_PONG: the data of the ping it answers.</summary>
internal readonly record struct Pong(byte[] Data) : IMessage<Pong>
{
    public static MessageNumber Number => MessageNumber.Pong;

    public static Pong Read(ref SshReader reader) => new(reader.ReadString().ToArray());

    public void Write(ref SshWriter writer) => writer.WriteString(Data);
}
