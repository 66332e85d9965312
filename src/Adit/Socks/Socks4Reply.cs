namespace Adit.Socks;

/// <summary>The answer to a SOCKS 4 request ("SOCKS: A protocol for TCP proxy across firewalls", section 1).</summary>
/// <param name="IsGranted">Whether the target was reached.</param>
internal readonly record struct Socks4Reply(bool IsGranted)
{
    private const byte Granted = 90;
    private const byte Rejected = 91;

    /// <summary>The bytes of the answer; port and address, which a client of CONNECT ignores, are zero.</summary>
    public byte[] ToBytes() => [0, IsGranted ? Granted : Rejected, 0, 0, 0, 0, 0, 0];
}
