using Adit.Ssh;

namespace Adit.Sessions;

/// <summary>How a session ended.</summary>
internal sealed record SessionResult
{
    /// <summary>What ssh returns when there is no exit status.</summary>
    public const int NoStatus = 255;

    /// <summary>What the command returned; null when the server did not say.</summary>
    public uint? Status { get; init; }

    /// <summary>The signal that ended the command, without SIG; null for none. A word of the server's, printable.</summary>
    public string? Signal { get; init; }

    /// <summary>Why the connection ended under the session; null when the session came to its own end.</summary>
    public SshException? Lost { get; init; }

    /// <summary>What this process should return: as ssh, the lowest byte of the status, and 255 when there is none.</summary>
    public int ExitCode => Status is { } status ? (int)(status & 0xff) : NoStatus;
}
