using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_SERVICE_REQUEST, RFC 4253 section 10.</summary>
internal readonly record struct ServiceRequest(string Service) : IMessage<ServiceRequest>
{
    public static MessageNumber Number => MessageNumber.ServiceRequest;

    public static ServiceRequest Read(ref SshReader reader) => new(reader.ReadName());

    public void Write(ref SshWriter writer) => writer.WriteString(Service);
}
