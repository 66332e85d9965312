using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_SERVICE_ACCEPT, RFC 4253 section 10.</summary>
internal readonly record struct ServiceAccept(string Service) : IMessage<ServiceAccept>
{
    public static MessageNumber Number => MessageNumber.ServiceAccept;

    public static ServiceAccept Read(ref SshReader reader) => new(reader.ReadName());

    public void Write(ref SshWriter writer) => writer.WriteString(Service);
}
