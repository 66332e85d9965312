using Adit.Ssh.Messages;

namespace Adit.Ssh.Transport;

/// <summary>Which end of the connection this is.</summary>
internal enum SshRole : byte
{
    Client,
    Server,
}

/// <summary>How far the peer has come. It decides which of its messages are allowed next.</summary>
internal enum Phase : byte
{
    /// <summary>The first thing from the peer must be its KEXINIT.</summary>
    FirstKexInit,

    /// <summary>Its first KEXINIT is here; the key exchange method's messages are due.</summary>
    FirstKex,

    /// <summary>The first key exchange is computed; NEWKEYS is due.</summary>
    FirstNewKeys,

    /// <summary>Packets are protected; the authentication service is requested.</summary>
    Service,

    /// <summary>The user authenticates.</summary>
    Authentication,

    /// <summary>The user is known; the connection protocol runs.</summary>
    Connection,

    /// <summary>The peer's KEXINIT of a rekey is here: until its NEWKEYS it may send nothing but the exchange (RFC 4253 section 7.1).</summary>
    Rekey,

    /// <summary>The rekey is computed; NEWKEYS is due.</summary>
    RekeyNewKeys,
}

/// <summary>What becomes of a message.</summary>
internal enum Verdict : byte
{
    /// <summary>It goes to the layer that serves it.</summary>
    Accept,

    /// <summary>It is dropped without harm.</summary>
    Ignore,

    /// <summary>It is answered with SSH_MSG_UNIMPLEMENTED (RFC 4253 section 11.4).</summary>
    Unimplemented,

    /// <summary>It ends the connection.</summary>
    Refuse,
}

/// <summary>
/// Which message number the peer may send in which phase: RFC 4253 sections 7 to 11, RFC 4252 section 6, RFC 8308 section 2.4,
/// and strict key exchange (OpenSSH's PROTOCOL section 1.10). "exact" is strict key exchange's rule that the first exchange tolerates no
/// message besides its own; it also holds with a peer that is not strict when the cipher is one whose first packets Terrapin could drop.
/// </summary>
internal static class PhaseTable
{
    public static Verdict Judge(Phase phase, SshRole role, bool exact, MessageNumber number) => (byte)number switch
    {
        0 => Verdict.Refuse,
        (byte)MessageNumber.Disconnect => Verdict.Accept,
        <= 4 => exact && phase is (Phase.FirstKex or Phase.FirstNewKeys) ? Verdict.Refuse : Verdict.Accept,
        (byte)MessageNumber.ServiceRequest => When(phase is Phase.Service && role is SshRole.Server),
        (byte)MessageNumber.ServiceAccept => When(phase is Phase.Service && role is SshRole.Client),
        (byte)MessageNumber.ExtensionInfo => ExtensionInfo(phase, role),
        (byte)MessageNumber.KexInit => When(phase is Phase.FirstKexInit or Phase.Service or Phase.Authentication or Phase.Connection),
        (byte)MessageNumber.NewKeys => When(phase is Phase.FirstNewKeys or Phase.RekeyNewKeys),
        >= 30 and <= 49 => When(phase is Phase.FirstKex or Phase.Rekey),
        >= 50 and <= 79 => Authentication(phase, role, number),
        >= 80 and <= 82 or >= 90 and <= 100 => When(phase is Phase.Connection),
        (byte)MessageNumber.Ping or (byte)MessageNumber.Pong => Ping(phase, exact),
        _ => Unknown(phase),
    };

    private static Verdict When(bool allowed) => allowed ? Verdict.Accept : Verdict.Refuse;

    // A server may send it behind its first NEWKEYS and just before USERAUTH_SUCCESS; some send it after each rekey, which harms nobody.
    private static Verdict ExtensionInfo(Phase phase, SshRole role) => phase switch
    {
        Phase.Service => Verdict.Accept,
        Phase.Authentication => When(role is SshRole.Client),
        Phase.Connection => Verdict.Ignore,
        _ => Verdict.Refuse,
    };

    private static Verdict Authentication(Phase phase, SshRole role, MessageNumber number) => (phase, role, number) switch
    {
        (Phase.Authentication, SshRole.Server, MessageNumber.UserAuthRequest or MessageNumber.UserAuthInfoResponse) => Verdict.Accept,
        (Phase.Authentication, SshRole.Client, MessageNumber.UserAuthFailure or MessageNumber.UserAuthSuccess
            or MessageNumber.UserAuthBanner or MessageNumber.UserAuthMethod60) => Verdict.Accept,

        // RFC 4252 section 5.1: requests that were under way when the success went out are ignored silently.
        (Phase.Connection, SshRole.Server, MessageNumber.UserAuthRequest) => Verdict.Ignore,
        _ => Verdict.Refuse,
    };

    private static Verdict Ping(Phase phase, bool exact) => phase switch
    {
        Phase.Connection => Verdict.Accept,
        Phase.FirstKexInit or Phase.FirstKex or Phase.FirstNewKeys when exact => Verdict.Refuse,
        _ => Verdict.Ignore,
    };

    private static Verdict Unknown(Phase phase) => phase switch
    {
        Phase.FirstKexInit or Phase.Service or Phase.Authentication or Phase.Connection => Verdict.Unimplemented,
        _ => Verdict.Refuse,
    };
}
