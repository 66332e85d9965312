using System.Globalization;
using System.Text;
using Adit.Ssh.Keys;
using Microsoft.Win32.SafeHandles;

namespace Adit.OpenSsh;

/// <summary>What the known hosts say about a host key.</summary>
public enum HostKeyStatus
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
public sealed record HostKeyVerdict(HostKeyStatus Status, string? Place = null, SshPublicKey? KnownKey = null, string? Detail = null);

/// <summary>
/// The contents of known_hosts files: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Immutable; safe to share where the warnings' receiver is.
/// </summary>
public sealed class KnownHosts
{
    private const int MaxFileLength = 16 * 1024 * 1024;
    private const int MaxLineLength = 16 * 1024;
    private const int DefaultPort = 22;

    private readonly List<KnownHostsLine> _lines = [];
    private readonly Action<string> _warn;

    private KnownHosts(Action<string> warn) => _warn = warn;

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
        var known = new KnownHosts(warn);
        foreach (string path in paths)
            known.Read(path);
        return known;
    }

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
        bool authority = keys.Exists(static known => known.Key is not null && known.Marker is KnownHostsMarker.CertAuthority);
        var preferred = keys.Where(static known => known.Marker is KnownHostsMarker.None)
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
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
            MakePrivateFolder(folder);
        using FileStream file = OpenAlone(path);

        // Another one may have added it meanwhile.
        if (Load([path], static _ => { }).Check(host, port, key, DateTimeOffset.UnixEpoch).Status is HostKeyStatus.Known)
            return;
        bool midLine = false;
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            midLine = file.ReadByte() != '\n';
        }

        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes((midLine ? "\n" : string.Empty) + KnownHostsLine.Format(Name(host, port), key.WithoutCertificate, hash) + "\n"));
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

    // Two that add at once would write to the same place: the file is locked (flock) while one does, and the others wait a moment.
    private static FileStream OpenAlone(string path)
    {
        const int errorAgain = 11;
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (int tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException e) when (e.HResult == errorAgain && tries < 200)
            {
                Thread.Sleep(10);
            }
        }
    }

    private static void MakePrivateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private HostKeyVerdict CheckAt(string name, string host, SshPublicKey key, DateTimeOffset now)
    {
        List<KnownKey> keys = KeysOf(name, _warn);
        foreach (KnownKey known in keys)
        {
            if (known is { Marker: KnownHostsMarker.Revoked, Key: { } revoked } && IsRevokedBy(revoked, key))
                return new(HostKeyStatus.Revoked, known.Place, revoked);
        }

        if (key.Certificate is not { } certificate
            || keys.Find(known => known.Marker is KnownHostsMarker.CertAuthority && certificate.SigningKey.Equals(known.Key)) is not { } authority)
        {
            return CheckPlain(keys, key.WithoutCertificate);
        }

        if (certificate.Refusal(CertificateKind.Host, host.ToLowerInvariant(), now) is not { } refusal)
            return new(HostKeyStatus.Known, authority.Place, authority.Key);
        HostKeyVerdict plain = CheckPlain(keys, key.WithoutCertificate);
        return plain.Status is HostKeyStatus.Unknown
            ? new(HostKeyStatus.CertificateRefused, authority.Place, authority.Key, refusal)
            : plain with { Detail = refusal };
    }

    private static HostKeyVerdict CheckPlain(List<KnownKey> keys, SshPublicKey key)
    {
        keys = keys.FindAll(static known => known.Marker is KnownHostsMarker.None);
        if (keys.Find(known => key.Equals(known.Key)) is { } same)
            return new(HostKeyStatus.Known, same.Place, same.Key);
        KnownKey? other = keys.Find(known => known.Key?.KeyType == key.KeyType) ?? keys.Find(static known => known.Key is not null);
        if (other is not null)
            return new(HostKeyStatus.Changed, other.Place, other.Key);
        return keys is [var unserved, ..]
            ? new(HostKeyStatus.KnownByUnservedKey, unserved.Place, Detail: unserved.Unserved)
            : new(HostKeyStatus.Unknown);
    }

    private List<KnownKey> KeysOf(string name, Action<string> warn)
    {
        var keys = new List<KnownKey>();
        foreach (KnownHostsLine line in _lines.Where(line => line.Matches(name)))
        {
            try
            {
                keys.Add(new(line.Marker, line.Place, SshPublicKey.Parse(line.KeyBlob.Span), null));
            }
            catch (SshKeyException e) when (e.Kind is SshKeyError.Unsupported)
            {
                keys.Add(new(line.Marker, line.Place, null, e.Message));
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
                    _warn($"{path}: the file is over the limit of {MaxFileLength} bytes; it is left out");
                    return;
                }

                text.Write(block[..read]);
            }

            ReadLines(path, text.GetBuffer().AsSpan(0, (int)text.Length));
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
    private void ReadLines(string path, ReadOnlySpan<byte> text)
    {
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}:{++number}");
            ReadOnlySpan<byte> line = text[range].TrimEnd((byte)'\r');
            try
            {
                if (line.Length > MaxLineLength)
                    throw new FormatException($"the line has more than {MaxLineLength} bytes");
                if (KnownHostsLine.Parse(Encoding.UTF8.GetString(line), place) is { } parsed)
                    _lines.Add(parsed);
            }
            catch (FormatException e)
            {
                _warn(PassedOver(place, e.Message));
            }
        }
    }

    private static string PassedOver(string place, string reason) => $"{place}: {reason}; the line is passed over";

    /// <summary>The key on a line that is about the host in question.</summary>
    /// <param name="Marker">The line's marker.</param>
    /// <param name="Place">Its file and line.</param>
    /// <param name="Key">The key; null where it is not served.</param>
    /// <param name="Unserved">Why it is not served.</param>
    private sealed record KnownKey(KnownHostsMarker Marker, string Place, SshPublicKey? Key, string? Unserved)
    {
        public bool IsUsable => Key is not null && Marker is not KnownHostsMarker.Revoked;
    }
}
