using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Gateway.Configuration;

/// <summary>A private key of the gateway, in a file that nobody else may read.</summary>
internal static class HostKeyFile
{
    /// <exception cref="IOException">The file cannot be read, or others can read it too.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="SshKeyException">It holds no key that is served, or one with a passphrase.</exception>
    public static SshPrivateKey Read(string path)
    {
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) is not UnixFileMode.None)
            throw new IOException($"others than its owner may read the file; mend that with: chmod 600 {path}");
        byte[] file = KeyFile.Read(path);
        try
        {
            return SshPrivateKey.Parse(file, path);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(file);
        }
    }
}
