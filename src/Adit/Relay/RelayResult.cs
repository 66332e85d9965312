namespace Adit.Relay;

/// <summary>Why a relay ended. The same word goes to log, metric and audit.</summary>
internal enum RelayEnd
{
    /// <summary>Both directions ended in order.</summary>
    Completed = 0,

    /// <summary>The near stream (the application's) failed or was reset.</summary>
    NearFailed,

    /// <summary>The far stream (the target's) failed or was reset.</summary>
    FarFailed,

    /// <summary>The caller cancelled the relay: the tunnel was stopped.</summary>
    Cancelled,

    /// <summary>One direction had ended, and the other was silent for <see cref="RelayOptions.CloseTimeout"/>. Both ended in order.</summary>
    CloseTimeout,

    /// <summary>Nothing moved for <see cref="RelayOptions.IdleTimeout"/>.</summary>
    IdleTimeout,
}

/// <summary>What a relay did.</summary>
/// <param name="BytesToFar">Bytes handed to the far stream.</param>
/// <param name="BytesToNear">Bytes handed to the near stream.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Error">What a stream threw; null unless one failed.</param>
internal sealed record RelayResult(long BytesToFar, long BytesToNear, RelayEnd End, Exception? Error);

/// <summary>The time limits of a relay. Immutable.</summary>
internal sealed record RelayOptions
{
    /// <summary>No limits, the system's clock.</summary>
    public static RelayOptions Default { get; } = new();

    /// <summary>
    /// How long the second direction may be silent after the first one ended. Null, the default, is without limit: a client may end its
    /// direction and then wait long for the answer.
    /// </summary>
    public TimeSpan? CloseTimeout { get; init; }

    /// <summary>How long nothing may move in either direction. Null, the default, is without limit.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The clock; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        Positive(CloseTimeout, nameof(CloseTimeout));
        Positive(IdleTimeout, nameof(IdleTimeout));
    }

    private static void Positive(TimeSpan? limit, string name)
    {
        if (limit is { } time && (time <= TimeSpan.Zero || time > TimeSpan.FromDays(49)))
            throw new ArgumentOutOfRangeException(name, time, $"{name} must be more than zero and at most 49 days");
    }
}
