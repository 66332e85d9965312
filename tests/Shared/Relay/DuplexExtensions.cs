using Adit.Relay;

namespace Adit.Tests.Shared.Relay;

internal static class DuplexExtensions
{
    public static async Task<byte[]> ReadToEndAsync(this Duplex duplex)
    {
        using MemoryStream all = new();
        while (true)
        {
            ReadOnlyMemory<byte> chunk = await duplex.ReadAsync(CancellationToken.None);
            if (chunk.IsEmpty)
                return all.ToArray();
            all.Write(chunk.Span);
        }
    }

    /// <summary>Reads until so many bytes came; fails where the peer ends before.</summary>
    public static async Task<byte[]> ReadExactlyAsync(this Duplex duplex, int count)
    {
        using MemoryStream all = new();
        while (all.Length < count)
        {
            ReadOnlyMemory<byte> chunk = await duplex.ReadAsync(CancellationToken.None);
            if (chunk.IsEmpty)
                throw new EndOfStreamException($"the peer ended after {all.Length} of {count} bytes");
            all.Write(chunk.Span);
        }
        return all.ToArray();
    }

    public static async Task SendAsync(this Duplex duplex, byte[] data, bool complete = false)
    {
        await duplex.WriteAsync(data, CancellationToken.None);
        if (complete)
            await duplex.CompleteWritingAsync(CancellationToken.None);
    }
}
