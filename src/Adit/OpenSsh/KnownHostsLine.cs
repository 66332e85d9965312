using System.Buffers.Binary;
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

/// <summary>
/// A line of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Its key is left unread until the line is found to be about the
/// host in question, as ssh does it: a file of a whole company has tens of thousands of them.
/// </summary>
internal sealed class KnownHostsLine
{
    private const char HashDelimiter = '|';
    private const string HashPrefix = "|1|";
    private const int HashLength = 20;
    private const string NotLiteral = "*?!,|@#\\";

    private readonly string[] _patterns;
    private readonly (byte[] Salt, byte[] Hash)? _hashed;

    private KnownHostsLine(
        KnownHostsMarker marker, string[] patterns, (byte[] Salt, byte[] Hash)? hashed, byte[] keyBlob, string place, string? file)
    {
        Marker = marker;
        _patterns = patterns;
        _hashed = hashed;
        KeyBlob = keyBlob;
        Place = place;
        File = file;
    }

    /// <summary>The marker in front.</summary>
    public KnownHostsMarker Marker { get; }

    /// <summary>The key as it goes over the wire; of the type that the line names, else unchecked.</summary>
    public ReadOnlyMemory<byte> KeyBlob { get; }

    /// <summary>File and line, for messages.</summary>
    public string Place { get; }

    /// <summary>The file; null for the output of a command.</summary>
    public string? File { get; }

    /// <summary>Whether it names several hosts, or one by name and address.</summary>
    public bool HasSeveralNames => _patterns.Length > 1;

    /// <summary>Whether ssh could have written it: one name that is hashed, or a name, or a name and an address.</summary>
    public bool IsSimple => _patterns.Length <= 2 && !_patterns.Any(static pattern => pattern.AsSpan().ContainsAny('*', '?', '!'));

    /// <summary>The names of the hosts whose key this is, as far as they can be read: no patterns, nothing that is hashed; without the port.</summary>
    public IEnumerable<string> PlainNames =>
        Marker is not KnownHostsMarker.None ? []
        : _patterns.Where(static pattern => !pattern.AsSpan().ContainsAny('*', '?', '!')).Select(WithoutPort);

    /// <summary>Reads a line. Null for an empty line or a comment.</summary>
    /// <exception cref="FormatException">The line is malformed.</exception>
    public static KnownHostsLine? Parse(string line, string place, string? file = null)
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
        if (rest[0].StartsWith('@'))
            throw new FormatException("a line has one marker at most");
        bool isHashed = rest[0].StartsWith(HashDelimiter);
        (byte[], byte[])? hashed = isHashed ? ParseHash(rest[0]) : null;
        if (isHashed && hashed is null)
            throw new FormatException("the hashed host name is malformed");
        return new(marker, isHashed ? [] : rest[0].ToLowerInvariant().Split(','), hashed, ParseBlob(rest[1], rest[2]), place, file);
    }

    /// <summary>Whether the line is about a host, named as known_hosts names it.</summary>
    public bool Matches(string name) => _hashed is var (salt, hash)
        ? CryptographicOperations.FixedTimeEquals(hash, HashName(salt, name))
        : PatternList.FitsAny(name, _patterns);

    /// <summary>
    /// The text of new lines: one for all names, or one for each where they are hashed. Names of which one would be read as anything but
    /// itself, such as as a pattern, are always hashed.
    /// </summary>
    public static IEnumerable<string> Format(IReadOnlyCollection<string> names, SshPublicKey key, bool hash) =>
        hash || names.Any(static name => name.Any(static c => c <= ' ' || char.IsControl(c) || NotLiteral.Contains(c, StringComparison.Ordinal)))
            ? names.Select(name => Format(name, key, hash: true))
            : [Format(string.Join(',', names), key, hash: false)];

    private static string Format(string name, SshPublicKey key, bool hash)
    {
        if (hash)
        {
            byte[] salt = RandomNumberGenerator.GetBytes(HashLength);
            name = $"{HashPrefix}{Convert.ToBase64String(salt)}{HashDelimiter}{Convert.ToBase64String(HashName(salt, name))}";
        }

        return $"{name} {key}";
    }

    private static string WithoutPort(string name) => name is ['[', ..] && name.IndexOf(']', StringComparison.Ordinal) is > 0 and var end ? name[1..end] : name;

    private static byte[] ParseBlob(string type, string base64)
    {
        byte[] blob = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, blob, out int length))
            throw new FormatException("the key is not base64");
        Array.Resize(ref blob, length);
        if (length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(blob) is var nameLength && nameLength > length - sizeof(uint))
            throw new FormatException("the key is cut off");
        return blob.AsSpan(sizeof(uint), (int)nameLength).SequenceEqual(Encoding.UTF8.GetBytes(type))
            ? blob
            : throw new FormatException($"the key is not of type {type}");
    }

    private static (byte[] Salt, byte[] Hash)? ParseHash(string hosts)
    {
        string[] parts = hosts.Split(HashDelimiter);
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
