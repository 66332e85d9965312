using Adit.Ssh.Keys;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>The files of ssh_config(5), RevokedHostKeys: key revocation lists or public keys, one a line.</summary>
internal sealed class RevokedHostKeys
{
    private readonly List<RevokedKeys> _revoked = [];
    private readonly string? _refusalOfAll;

    /// <summary>Reads the files. One that cannot be read, or is not in order, revokes all keys.</summary>
    public RevokedHostKeys(IReadOnlyList<string> files)
    {
        foreach (string path in files)
        {
            try
            {
                _revoked.Add(RevokedKeys.Parse(Read(path), path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _refusalOfAll = $"refused, as all keys are while {path} (RevokedHostKeys) cannot be read: {e.Message}";
            }
            catch (SshKeyException e)
            {
                _refusalOfAll = $"refused, as all keys are while what RevokedHostKeys names is not in order: {e.Message}";
            }
        }
    }

    /// <summary>Why a host's key or certificate must be refused; null where none of the files revokes it.</summary>
    public string? Refusal(SshPublicKey key) =>
        _refusalOfAll ?? _revoked.Select(revoked => revoked.Refuses(key)).FirstOrDefault(static reason => reason is not null);

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
