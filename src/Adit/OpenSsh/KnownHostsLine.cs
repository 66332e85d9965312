using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>What the marker in front of a known_hosts line says.</summary>
internal enum KnownHostsMarker
{
    /// <summary>No marker: the key is the host's.</summary>
    None,

    /// <summary><c>@cert-authority</c>: the key signs certificates of the hosts.</summary>
    CertAuthority,

    /// <summary><c>@revoked</c>: the key must not be accepted.</summary>
    Revoked,
}

/// <summary>A line of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.</summary>
/// <param name="Marker">The marker in front.</param>
/// <param name="Hosts">Host patterns, or the one hashed name, as written.</param>
/// <param name="Key">The key.</param>
/// <param name="Place">File and line, for messages.</param>
internal sealed record KnownHostsLine(KnownHostsMarker Marker, string Hosts, SshPublicKey Key, string Place)
{
    private const string HashPrefix = "|1|";
    private const int HashLength = 20;

    /// <summary>Reads a line. Null for an empty line or a comment, and for a key of a type that is not served.</summary>
    /// <exception cref="FormatException">The line is malformed.</exception>
    public static KnownHostsLine? Parse(string line, string place)
    {
        string[] fields = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 0 || fields[0].StartsWith('#'))
            return null;
        KnownHostsMarker marker = fields[0] switch
        {
            "@cert-authority" => KnownHostsMarker.CertAuthority,
            "@revoked" => KnownHostsMarker.Revoked,
            _ when fields[0].StartsWith('@') => throw new FormatException($"unknown marker \"{fields[0]}\""),
            _ => KnownHostsMarker.None,
        };
        ReadOnlySpan<string> rest = fields.AsSpan(marker is KnownHostsMarker.None ? 0 : 1);
        if (rest.Length < 3)
            throw new FormatException("hosts, key type and key are needed");
        if (rest[0].StartsWith('|') && ParseHash(rest[0]) is null)
            throw new FormatException("the hashed host name is malformed");
        try
        {
            SshPublicKey key = SshPublicKey.Parse(Convert.FromBase64String(rest[2]));
            return key.KeyType == rest[1] ? new(marker, rest[0], key, place) : throw new FormatException($"the key is of type {key.KeyType}, not {rest[1]}");
        }
        catch (SshKeyException e) when (e.Kind is SshKeyError.Unsupported)
        {
            return null;
        }
        catch (SshKeyException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Whether the line is about a host, named as known_hosts names it.</summary>
    public bool Matches(string name)
    {
        if (!Hosts.StartsWith('|'))
            return PatternList.FitsList(name, Hosts.ToLowerInvariant());
        return ParseHash(Hosts) is var (salt, hash) && CryptographicOperations.FixedTimeEquals(hash, HashName(salt, name));
    }

    /// <summary>The text of a new line.</summary>
    public static string Format(string name, SshPublicKey key, bool hash)
    {
        if (hash)
        {
            byte[] salt = RandomNumberGenerator.GetBytes(HashLength);
            name = $"{HashPrefix}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(HashName(salt, name))}";
        }

        return $"{name} {key}";
    }

    private static (byte[] Salt, byte[] Hash)? ParseHash(string hosts)
    {
        string[] parts = hosts.Split('|');
        byte[] salt = new byte[HashLength];
        byte[] hash = new byte[HashLength];
        return parts is ["", "1", var saltText, var hashText]
            && Convert.TryFromBase64String(saltText, salt, out int saltLength) && saltLength == HashLength
            && Convert.TryFromBase64String(hashText, hash, out int hashLength) && hashLength == HashLength
            ? (salt, hash)
            : null;
    }

#pragma warning disable CA5350 // The format prescribes HMAC-SHA1; it hides names, and nothing trusts it.
    private static byte[] HashName(byte[] salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350
}
