namespace Adit.Ssh.Connection;

/// <summary>
/// How far a channel has come to its end, RFC 4254 section 5.3: each direction ends with EOF on its own, CLOSE ends both, and the channel
/// is gone when CLOSE has gone both ways. Events only change the state; what is to be sent is read from it. Guarded by the channel's lock.
/// </summary>
internal struct ChannelState
{
    /// <summary>We have nothing more to send.</summary>
    public bool EofRequested { get; private set; }

    public bool EofSent { get; private set; }

    public bool EofReceived { get; private set; }

    /// <summary>We want no more of this channel.</summary>
    public bool CloseRequested { get; private set; }

    public bool CloseSent { get; private set; }

    public bool CloseReceived { get; private set; }

    public readonly bool MayWrite => !EofRequested && !CloseRequested;

    /// <summary>Output was cut off: CLOSE goes out without EOF.</summary>
    public bool CutsOutput { get; private set; }

    public readonly bool OwesEof => EofRequested && !EofSent && !CloseSent && !CutsOutput;

    public readonly bool OwesClose => CloseRequested && !CloseSent;

    public readonly bool IsGone => CloseSent && CloseReceived;

    /// <summary>Nothing more will come from the peer.</summary>
    public readonly bool InputEnded => EofReceived || CloseReceived;

    public void RequestEof() => EofRequested = true;

    public void RequestClose() => CloseRequested = true;

    /// <summary>Something that was to be sent is not: the peer must not take the rest for the whole.</summary>
    public void CutOutput() => CutsOutput = CloseRequested = true;

    public void OnEofSent() => EofSent = true;

    public void OnCloseSent() => CloseSent = true;

    /// <summary>False when the peer may not send EOF any more.</summary>
    public bool TryReceiveEof()
    {
        if (InputEnded)
            return false;
        EofReceived = true;
        return true;
    }

    /// <summary>False when the peer may not send CLOSE any more. CLOSE is answered with CLOSE.</summary>
    public bool TryReceiveClose()
    {
        if (CloseReceived)
            return false;
        CloseReceived = CloseRequested = true;
        return true;
    }
}
