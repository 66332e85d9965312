namespace Adit.Socks;

/// <summary>A client of a SOCKS listener said something that is not served.</summary>
/// <param name="message">What is wrong, in words for people.</param>
/// <param name="answer">What the client is told before the connection ends; empty for nothing.</param>
internal sealed class SocksException(string message, byte[] answer) : IOException(message)
{
    /// <summary>What the client is told before the connection ends; empty for nothing.</summary>
    public byte[] Answer { get; } = answer;
}
