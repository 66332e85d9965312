using System.Globalization;
using System.Text;
using Adit.Ssh.Keys;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>What the known hosts say about a host key.</summary>
internal enum HostKeyStatus
{
    /// <summary>The host is known by this very key, or by an authority that signed it.</summary>
    Known,

    /// <summary>The host is not known.</summary>
    Unknown,

    /// <summary>The host is known by other keys, of this type or another one.</summary>
    Changed,

    /// <summary>The key, the key inside the certificate, or the key that signed the certificate is marked as revoked.</summary>
    Revoked,

    /// <summary>An authority for this host signed a certificate that does not hold, and the key inside is not known either.</summary>
    CertificateRefused,

    /// <summary>The host is known, but only by keys that are not served, such as DSA or short RSA keys. To ssh it has changed.</summary>
    KnownByUnservedKey,
}

/// <summary>The answer of <see cref="KnownHosts.Check"/>.</summary>
/// <param name="Status">What is known.</param>
/// <param name="Place">The line that decided, as <c>file:line</c>; null exactly with <see cref="HostKeyStatus.Unknown"/>.</param>
/// <param name="KnownKey">The key on that line; null with <see cref="HostKeyStatus.Unknown"/> and <see cref="HostKeyStatus.KnownByUnservedKey"/>.</param>
/// <param name="Detail">Why a certificate was refused, whatever its key was found to be then; or why the known key is not served.</param>
internal sealed record HostKeyVerdict(HostKeyStatus Status, string? Place = null, SshPublicKey? KnownKey = null, string? Detail = null)
{
    /// <summary>The file of that line; null where a command gave it.</summary>
    public string? File { get; init; }

    /// <summary>Whether the host is known without its port only.</summary>
    public bool IsWithoutPort { get; init; }
}

/// <summary>
/// The contents of known_hosts files: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Immutable; safe to share where the warnings' receiver is.
/// </summary>
internal sealed class KnownHosts
{
    /// <summary>The longest file that is read, in bytes.</summary>
    internal const int MaxFileLength = 16 * 1024 * 1024;

    private const int MaxLineLength = 16 * 1024;
    private const int DefaultPort = 22;

    private readonly List<KnownHostsLine> _lines;
    private readonly Action<string> _warn;

    private KnownHosts(Action<string> warn, IEnumerable<KnownHostsLine> lines)
    {
        _warn = warn;
        _lines = [.. lines];
    }

    /// <summary>Reads files of at most 16 MiB with lines of at most 16 KiB; those that do not exist are left out.</summary>
    /// <param name="paths">The files, those that count first in front.</param>
    /// <param name="warn">
    /// Told of files that cannot be read, and of lines that are malformed, which are passed over. That a key itself is malformed shows
    /// only when its host is asked for.
    /// </param>
    public static KnownHosts Load(IEnumerable<string> paths, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(warn);
        var known = new KnownHosts(warn, []);
        foreach (string path in paths)
            known.Read(path);
        return known;
    }

    /// <summary>These known hosts and, behind them, those of a text in the format of known_hosts.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">Its name, for messages.</param>
    internal KnownHosts With(ReadOnlySpan<byte> text, string source)
    {
        var all = new KnownHosts(_warn, _lines) { Unreadable = Unreadable };
        all.ReadLines(source, text, file: null);
        return all;
    }

    /// <summary>All lines that are in order.</summary>
    internal IReadOnlyList<KnownHostsLine> Lines => _lines;

    /// <summary>Why a file that is there could not be read, the last of several; null when all could.</summary>
    public string? Unreadable { get; private set; }

    /// <summary>
    /// What is known about a host's key or certificate. As with ssh, a certificate that does not hold leaves its plain key to be looked
    /// up, and a host that is not known at its port may be known without one. Stricter than ssh: a certificate that is refused is never
    /// merely an unknown key; a revocation without a port holds for a port that nothing else is known of; and a known key without a port
    /// is no excuse for another key at the port.
    /// </summary>
    /// <param name="host">The host's name or address, or its HostKeyAlias.</param>
    /// <param name="port">Its port; only 22 goes unnamed in known_hosts. 22 with a HostKeyAlias.</param>
    /// <param name="key">What the host presented.</param>
    /// <param name="now">The time at which a certificate must hold.</param>
    public HostKeyVerdict Check(string host, int port, SshPublicKey key, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        HostKeyVerdict here = CheckAt(Name(host, port), host, key, now);
        if (port == DefaultPort || here.Status is HostKeyStatus.Known or HostKeyStatus.Revoked)
            return here;
        HostKeyVerdict anyPort = CheckAt(Name(host, DefaultPort), host, key, now);
        anyPort = anyPort with { IsWithoutPort = true };
        return (here.Status, anyPort.Status) switch
        {
            (_, HostKeyStatus.Revoked) => anyPort,
            (HostKeyStatus.Unknown, HostKeyStatus.Known or HostKeyStatus.CertificateRefused) => anyPort,
            (_, HostKeyStatus.Known) when key.Certificate is { } certificate && certificate.SigningKey.Equals(anyPort.KnownKey) => anyPort,
            _ => here,
        };
    }

    /// <summary>
    /// Host key algorithms in the order in which they should be offered: those by which the host is known come first, and those of
    /// certificates where an authority is known for it, as ssh does it.
    /// </summary>
    /// <param name="host">The host's name or address, or its HostKeyAlias.</param>
    /// <param name="port">Its port. 22 with a HostKeyAlias.</param>
    /// <param name="algorithms">The algorithms; none is left out.</param>
    public IReadOnlyList<string> Prefer(string host, int port, IReadOnlyList<string> algorithms)
    {
        ArgumentNullException.ThrowIfNull(algorithms);
        List<KnownKey> keys = KeysOf(Name(host, port), static _ => { });
        if (!keys.Exists(static known => known.IsUsable))
            keys = KeysOf(Name(host, DefaultPort), static _ => { });
        bool authority = keys.Exists(static known => known.Key is not null && known.Line.Marker is KnownHostsMarker.CertAuthority);
        var preferred = keys.Where(static known => known.Line.Marker is KnownHostsMarker.None)
            .SelectMany(static known => known.Key?.SignatureAlgorithms ?? []).ToHashSet(StringComparer.Ordinal);
        bool IsPreferred(string algorithm) => preferred.Contains(algorithm) || (authority && algorithm.Contains("-cert-", StringComparison.Ordinal));
        return [.. algorithms.Where(IsPreferred), .. algorithms.Where(algorithm => !IsPreferred(algorithm))];
    }

    /// <summary>Adds a host to a file, which is made (0600, its folder 0700) if it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="host">The host's name or address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="key">Its key, without certificate.</param>
    /// <param name="hash">Whether the name is hashed.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Add(string path, string host, int port, SshPublicKey key, bool hash)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(key);
        KnownHostsFile.Add(path, [Name(host, port)], key.WithoutCertificate, hash);
    }

    /// <summary>The name of a host as known_hosts writes it: lower case, with brackets and port where that is not 22.</summary>
    public static string Name(string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        string lower = host.ToLowerInvariant();
        return port == DefaultPort ? lower : string.Create(CultureInfo.InvariantCulture, $"[{lower}]:{port}");
    }

    // A line that holds a certificate revokes, as with ssh, the key inside.
    private static bool IsRevokedBy(SshPublicKey revoked, SshPublicKey presented) =>
        revoked.WithoutCertificate.Equals(presented.WithoutCertificate) || revoked.WithoutCertificate.Equals(presented.Certificate?.SigningKey);

    /// <summary>What is known about a key under just this name, as <see cref="Name"/> gives it.</summary>
    internal HostKeyVerdict CheckName(string name, SshPublicKey key, DateTimeOffset now) => CheckAt(name, name, key, now);

    private HostKeyVerdict CheckAt(string name, string host, SshPublicKey key, DateTimeOffset now)
    {
        List<KnownKey> keys = KeysOf(name, _warn);
        foreach (KnownKey known in keys)
        {
            if (known is { Line.Marker: KnownHostsMarker.Revoked, Key: { } revoked } && IsRevokedBy(revoked, key))
                return known.Verdict(HostKeyStatus.Revoked);
        }

        if (key.Certificate is not { } certificate
            || keys.Find(known => known.Line.Marker is KnownHostsMarker.CertAuthority && certificate.SigningKey.Equals(known.Key)) is not { } authority)
        {
            return CheckPlain(keys, key.WithoutCertificate);
        }

        if (certificate.Refusal(CertificateKind.Host, host.ToLowerInvariant(), now) is not { } refusal)
            return authority.Verdict(HostKeyStatus.Known);
        HostKeyVerdict plain = CheckPlain(keys, key.WithoutCertificate);
        return plain.Status is HostKeyStatus.Unknown
            ? authority.Verdict(HostKeyStatus.CertificateRefused) with { Detail = refusal }
            : plain with { Detail = refusal };
    }

    private static HostKeyVerdict CheckPlain(List<KnownKey> keys, SshPublicKey key)
    {
        keys = keys.FindAll(static known => known.Line.Marker is KnownHostsMarker.None);
        if (keys.Find(known => key.Equals(known.Key)) is { } same)
            return same.Verdict(HostKeyStatus.Known);
        KnownKey? other = keys.Find(known => known.Key?.KeyType == key.KeyType) ?? keys.Find(static known => known.Key is not null);
        if (other is not null)
            return other.Verdict(HostKeyStatus.Changed);
        return keys is [var unserved, ..]
            ? unserved.Verdict(HostKeyStatus.KnownByUnservedKey) with { Detail = unserved.Unserved }
            : new(HostKeyStatus.Unknown);
    }

    private List<KnownKey> KeysOf(string name, Action<string> warn)
    {
        var keys = new List<KnownKey>();
        foreach (KnownHostsLine line in _lines.Where(line => line.Matches(name)))
        {
            try
            {
                keys.Add(new(line, SshPublicKey.Parse(line.KeyBlob.Span), null));
            }
            catch (SshKeyException e) when (e.Kind is SshKeyError.Unsupported)
            {
                keys.Add(new(line, null, e.Message));
            }
            catch (SshKeyException e)
            {
                warn(PassedOver(line.Place, e.Message));
            }
        }

        return keys;
    }

    private void Read(string path)
    {
        try
        {
            // Not by FileStream's own way of opening, which takes a lock: whoever may read the file could keep it from us.
            using SafeFileHandle? handle = UserFile.Open(path);
            if (handle is null)
                return;
            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var text = new MemoryStream();
            Span<byte> block = new byte[16 * 1024];
            while (file.Read(block) is > 0 and var read)
            {
                if (text.Length + read > MaxFileLength)
                {
                    throw new IOException($"it is over the limit of {MaxFileLength} bytes");
                }

                text.Write(block[..read]);
            }

            ReadLines(path, text.GetBuffer().AsSpan(0, (int)text.Length), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Most of the four default files do not exist.
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Unreadable = $"{path} cannot be read: {e.Message}";
            _warn(Unreadable);
        }
    }

    // Lines end with LF alone, as with ssh: a CR within a comment must not begin a line.
    private void ReadLines(string source, ReadOnlySpan<byte> text, string? file)
    {
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{source}:{++number}");
            try
            {
                if (ReadLine(text[range], place, file) is { } parsed)
                    _lines.Add(parsed);
            }
            catch (FormatException e)
            {
                _warn(PassedOver(place, e.Message));
            }
        }
    }

    /// <summary>Reads a line of at most 16 KiB. Null for an empty line or a comment.</summary>
    /// <exception cref="FormatException">The line is malformed.</exception>
    internal static KnownHostsLine? ReadLine(ReadOnlySpan<byte> line, string place, string? file)
    {
        line = line.TrimEnd((byte)'\r');
        return line.Length <= MaxLineLength
            ? KnownHostsLine.Parse(Encoding.UTF8.GetString(line), place, file)
            : throw new FormatException($"the line has more than {MaxLineLength} bytes");
    }

    private static string PassedOver(string place, string reason) => $"{place}: {reason}; the line is passed over";

    /// <summary>The key on a line that is about the host in question.</summary>
    /// <param name="Line">The line.</param>
    /// <param name="Key">The key; null where it is not served.</param>
    /// <param name="Unserved">Why it is not served.</param>
    private sealed record KnownKey(KnownHostsLine Line, SshPublicKey? Key, string? Unserved)
    {
        public bool IsUsable => Key is not null && Line.Marker is not KnownHostsMarker.Revoked;

        public HostKeyVerdict Verdict(HostKeyStatus status) => new(status, Line.Place, Key) { File = Line.File };
    }
}
