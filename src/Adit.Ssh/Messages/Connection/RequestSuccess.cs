using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_REQUEST_SUCCESS, RFC 4254 section 4.</summary>
internal readonly record struct RequestSuccess(byte[] Fields) : IMessage<RequestSuccess>
{
    public static MessageNumber Number => MessageNumber.RequestSuccess;

    public static RequestSuccess Read(ref SshReader reader) => new(reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer) => writer.WriteBytes(Fields);
}

/// <summary>SSH_MSG_REQUEST_FAILURE, RFC 4254 section 4.</summary>
internal readonly record struct RequestFailure : IMessage<RequestFailure>
{
    public static MessageNumber Number => MessageNumber.RequestFailure;

    public static RequestFailure Read(ref SshReader reader) => default;

    public void Write(ref SshWriter writer)
    {
    }
}
