namespace Adit.Mux.Messages;

/// <summary>The packet types of OpenSSH's PROTOCOL.mux, version 4. PROXY and INFO are known from the program alone.</summary>
internal enum MuxMessageNumber : uint
{
    Hello = 0x00000001,
    NewSession = 0x10000002,
    AliveCheck = 0x10000004,
    Terminate = 0x10000005,
    OpenForward = 0x10000006,
    CloseForward = 0x10000007,
    NewStdioForward = 0x10000008,
    StopListening = 0x10000009,
    Proxy = 0x1000000f,
    Info = 0x20000001,
    Ok = 0x80000001,
    PermissionDenied = 0x80000002,
    Failure = 0x80000003,
    ExitMessage = 0x80000004,
    Alive = 0x80000005,
    SessionOpened = 0x80000006,
    RemotePort = 0x80000007,
    TtyAllocationFailed = 0x80000008,
    ProxyStarted = 0x8000000f,
    InfoReply = 0x90000001,
}
