namespace Adit.Ssh;

/// <summary>Reason codes of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4250 section 4.3.2.</summary>
public enum ChannelOpenFailureReason : uint
{
    /// <summary>No code.</summary>
    None = 0,

    /// <summary>SSH_OPEN_ADMINISTRATIVELY_PROHIBITED: the server's rules forbid it.</summary>
    AdministrativelyProhibited = 1,

    /// <summary>SSH_OPEN_CONNECT_FAILED: the server could not reach the destination.</summary>
    ConnectFailed = 2,

    /// <summary>SSH_OPEN_UNKNOWN_CHANNEL_TYPE.</summary>
    UnknownChannelType = 3,

    /// <summary>SSH_OPEN_RESOURCE_SHORTAGE.</summary>
    ResourceShortage = 4,
}
