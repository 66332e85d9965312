namespace Adit.Ssh.Crypto;

/// <summary>What all primitives ask of the spans they are given.</summary>
internal static class Buffers
{
    public static void RequireLength(ReadOnlySpan<byte> span, int length, string parameter)
    {
        if (span.Length != length)
            throw new ArgumentException($"{length} bytes are needed, not {span.Length}", parameter);
    }

    /// <summary>An output takes the whole input, and overlaps it exactly or not at all: libcrypto reads ahead of what it writes.</summary>
    public static void RequireOutput(ReadOnlySpan<byte> input, ReadOnlySpan<byte> output, string parameter)
    {
        if (output.Length < input.Length)
            throw new ArgumentException($"{input.Length} bytes are needed, not {output.Length}", parameter);
        if (input.Overlaps(output, out int offset) && offset != 0)
            throw new ArgumentException("the output overlaps the input without being at the same place", parameter);
    }
}
