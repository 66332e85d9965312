using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// Lets transfers make way for questions: while small packets come on other channels of a connection, one at a time, a window is no larger
/// than a near network can use, since whoever waits for an answer waits for all that is under way ahead of it.
/// </summary>
/// <param name="roundTrip">How long an answer takes.</param>
internal sealed class WindowSharing(RoundTrip roundTrip)
{
    // A row or a few; a table comes in larger pieces.
    private const int MostInQuestion = 4 * 1024;

    // One packet of ours and a bit, or 4 Gbit/s.
    private const uint LeastWindow = 64 * 1024;
    private const double BytesPerSecond = 500e6;

    private uint _questions;

    /// <summary>How many there have been on all channels, modulo 2^32.</summary>
    public uint Questions => Volatile.Read(ref _questions);

    /// <summary>What a window may be meanwhile.</summary>
    public uint Window =>
        roundTrip.Least is { } answer && answer < RoundTrip.Near ? Math.Max(LeastWindow, (uint)(answer.TotalSeconds * BytesPerSecond)) : uint.MaxValue;

    /// <summary>Whether so much data may be a question or its answer, rather than a part of a transfer.</summary>
    public static bool IsSmall(int bytes) => bytes <= MostInQuestion;

    /// <summary>A question has come. For the receive loop alone.</summary>
    public void Count() => Volatile.Write(ref _questions, _questions + 1);
}
