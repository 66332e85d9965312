using Adit.Ssh.Keys;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>The files of ssh_config(5), RevokedHostKeys: key revocation lists or public keys, one a line.</summary>
internal static class RevokedHostKeys
{
    /// <summary>Why a host key must be refused; null where none of the files revokes it. A file that cannot be read revokes all keys.</summary>
    /// <param name="files">The files.</param>
    /// <param name="key">The host's key or certificate.</param>
    internal static string? Refusal(IReadOnlyList<string> files, SshPublicKey key)
    {
        foreach (string path in files)
        {
            try
            {
                if (RevokedKeys.Parse(Read(path), path).Refuses(key) is { } revoked)
                    return revoked;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"refused, as all keys are while {path} (RevokedHostKeys) cannot be read: {e.Message}";
            }
            catch (SshKeyException e)
            {
                return $"refused, as all keys are while what RevokedHostKeys names is not in order: {e.Message}";
            }
        }

        return null;
    }

    private static byte[] Read(string path)
    {
        using SafeFileHandle handle = UserFile.Open(path) ?? throw new FileNotFoundException("it does not exist");
        using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (!file.CanSeek)
            throw new IOException("it is not a regular file");
        var text = new MemoryStream();
        byte[] block = new byte[64 * 1024];
        while (file.Read(block) is > 0 and var read)
        {
            if (text.Length + read > RevokedKeys.MaxFileLength)
                throw new IOException($"it is over the limit of {RevokedKeys.MaxFileLength} bytes");
            text.Write(block, 0, read);
        }

        return text.ToArray();
    }
}
