using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_NEWKEYS, RFC 4253 section 7.3.</summary>
internal readonly record struct NewKeys : IMessage<NewKeys>
{
    public static MessageNumber Number => MessageNumber.NewKeys;

    public static NewKeys Read(ref SshReader reader) => default;

    public void Write(ref SshWriter writer)
    {
    }
}
