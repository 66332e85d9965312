using System.Security.Cryptography;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>The bytes of a file with a private key.</summary>
internal static class KeyFile
{
    /// <summary>Reads a file, be it a pipe; the caller clears what it gets.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="SshKeyException">It is larger than any key.</exception>
    internal static byte[] Read(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { BufferSize = 0 });
        byte[] block = new byte[SshPrivateKey.MaxFileLength + 1];
        try
        {
            int length = file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            return length < block.Length
                ? block[..length]
                : throw new SshKeyException(SshKeyError.Malformed, $"it is over the limit of {SshPrivateKey.MaxFileLength} bytes for a key");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(block);
        }
    }
}
