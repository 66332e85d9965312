namespace Adit.Tests.Shared;

internal static class TestBytes
{
    /// <summary>Bytes that look random and are the same in every run.</summary>
    public static byte[] Of(int count, int seed = 1)
    {
        byte[] bytes = new byte[count];
#pragma warning disable CA5394 // Test data has to be the same in every run.
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }
}
