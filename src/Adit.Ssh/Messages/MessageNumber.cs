namespace Adit.Ssh.Messages;

/// <summary>Message numbers: RFC 4250 section 4.1.2, RFC 8308, OpenSSH's PROTOCOL section 1.9 (ping).</summary>
internal enum MessageNumber : byte
{
    Disconnect = 1,
    Ignore = 2,
    Unimplemented = 3,
    Debug = 4,
    ServiceRequest = 5,
    ServiceAccept = 6,
    ExtensionInfo = 7,

    KexInit = 20,
    NewKeys = 21,

    /// <summary>30 to 49 belong to the key exchange method; every method served here uses these two.</summary>
    KexEcdhInit = 30,
    KexEcdhReply = 31,

    UserAuthRequest = 50,
    UserAuthFailure = 51,
    UserAuthSuccess = 52,
    UserAuthBanner = 53,

    /// <summary>60 to 79 belong to the authentication method: PK_OK, PASSWD_CHANGEREQ and INFO_REQUEST share number 60.</summary>
    UserAuthMethod60 = 60,
    UserAuthInfoResponse = 61,

    GlobalRequest = 80,
    RequestSuccess = 81,
    RequestFailure = 82,

    ChannelOpen = 90,
    ChannelOpenConfirmation = 91,
    ChannelOpenFailure = 92,
    ChannelWindowAdjust = 93,
    ChannelData = 94,
    ChannelExtendedData = 95,
    ChannelEof = 96,
    ChannelClose = 97,
    ChannelRequest = 98,
    ChannelSuccess = 99,
    ChannelFailure = 100,

    Ping = 192,
    Pong = 193,
}
