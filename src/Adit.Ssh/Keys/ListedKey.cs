using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>A key as files list it that were not written for us alone, and so may name keys that others accept and we do not.</summary>
internal static class ListedKey
{
    /// <summary>Types of OpenSSH that are not served, and weak RSA keys.</summary>
    private static readonly string[] OthersTypes =
        ["ssh-rsa", "ssh-dss", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];

    /// <summary>The blob of the plain key; of a certificate the one that it certifies.</summary>
    /// <exception cref="SshKeyException">The key is malformed, a certificate that cannot be read, or of a type that nobody knows.</exception>
    /// <exception cref="SshFormatException">It has no type.</exception>
    public static ReadOnlySpan<byte> PlainBlob(ReadOnlySpan<byte> blob)
    {
        string type = new SshReader(blob).ReadName();
        try
        {
            return SshPublicKey.Parse(blob).WithoutCertificate.Blob.Span;
        }
        catch (SshKeyException e) when (e.Kind is SshKeyError.Unsupported && OthersTypes.Contains(type))
        {
            return blob;
        }
    }
}
