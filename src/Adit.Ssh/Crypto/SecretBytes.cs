using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>Bytes that the garbage collector never copies elsewhere and that are zeroed when disposed.</summary>
internal sealed class SecretBytes : IDisposable
{
    private byte[]? _bytes;

    /// <summary>Zeroed bytes of the given number.</summary>
    public SecretBytes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _bytes = GC.AllocateArray<byte>(length, pinned: true);
        Length = length;
    }

    public int Length { get; }

    public Span<byte> Span => _bytes ?? throw new ObjectDisposedException(nameof(SecretBytes));

    /// <summary>The same for what takes no span.</summary>
    public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(SecretBytes));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
            CryptographicOperations.ZeroMemory(bytes);
    }
}
