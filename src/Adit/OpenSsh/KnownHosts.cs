using System.Globalization;
using System.Text;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>What the known hosts say about a host key.</summary>
public enum HostKeyStatus
{
    /// <summary>The host is known by this very key, or by an authority that signed it.</summary>
    Known,

    /// <summary>The host is not known.</summary>
    Unknown,

    /// <summary>The host is known by keys of other types only.</summary>
    OtherTypeKnown,

    /// <summary>The host is known by another key of this type.</summary>
    Changed,

    /// <summary>The key is marked as revoked.</summary>
    Revoked,

    /// <summary>An authority for this host signed a certificate that does not hold.</summary>
    CertificateRefused,
}

/// <summary>The answer of <see cref="KnownHosts.Check"/>.</summary>
/// <param name="Status">What is known.</param>
/// <param name="Place">The line that decided, as <c>file:line</c>; null where none did.</param>
/// <param name="KnownKey">The key on that line.</param>
/// <param name="Detail">Why a certificate was refused.</param>
public sealed record HostKeyVerdict(HostKeyStatus Status, string? Place = null, SshPublicKey? KnownKey = null, string? Detail = null);

/// <summary>The contents of known_hosts files: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Immutable.</summary>
public sealed class KnownHosts
{
    private const int MaxFileLength = 16 * 1024 * 1024;
    private const int MaxLineLength = 16 * 1024;
    private const int DefaultPort = 22;

    private readonly List<KnownHostsLine> _lines = [];

    private KnownHosts()
    {
    }

    /// <summary>Reads files; those that do not exist are left out.</summary>
    /// <param name="paths">The files, those that count first in front.</param>
    /// <param name="warn">Told of lines that are malformed, which are passed over, and of files that cannot be read.</param>
    public static KnownHosts Load(IEnumerable<string> paths, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(warn);
        var known = new KnownHosts();
        foreach (string path in paths)
            known.Read(path, warn);
        return known;
    }

    /// <summary>What is known about a host's key or certificate.</summary>
    /// <param name="host">The host's name or address, or its HostKeyAlias.</param>
    /// <param name="port">Its port; only 22 goes unnamed in known_hosts. 22 with a HostKeyAlias.</param>
    /// <param name="key">What the host presented.</param>
    /// <param name="now">The time at which a certificate must hold.</param>
    public HostKeyVerdict Check(string host, int port, SshPublicKey key, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        string name = Name(host, port);
        List<KnownHostsLine> lines = [.. _lines.Where(line => line.Matches(name))];
        SshPublicKey plain = key.WithoutCertificate;
        if (lines.Find(line => line.Marker is KnownHostsMarker.Revoked && IsRevokedBy(line.Key, key)) is { } revoked)
            return new(HostKeyStatus.Revoked, revoked.Place, revoked.Key);

        if (key.Certificate is { } certificate
            && lines.Find(line => line.Marker is KnownHostsMarker.CertAuthority && line.Key.Equals(certificate.SigningKey)) is { } authority)
        {
            string? refusal = certificate.Refusal(CertificateKind.Host, host.ToLowerInvariant(), now);
            return new(refusal is null ? HostKeyStatus.Known : HostKeyStatus.CertificateRefused, authority.Place, authority.Key, refusal);
        }

        List<KnownHostsLine> keys = lines.FindAll(line => line.Marker is KnownHostsMarker.None);
        if (keys.Find(line => line.Key.Equals(plain)) is { } same)
            return new(HostKeyStatus.Known, same.Place, same.Key);
        if (keys.Find(line => line.Key.KeyType == plain.KeyType) is { } other)
            return new(HostKeyStatus.Changed, other.Place, other.Key);
        return keys is [var first, ..] ? new(HostKeyStatus.OtherTypeKnown, first.Place, first.Key) : new(HostKeyStatus.Unknown);
    }

    /// <summary>Host key algorithms in the order in which they should be offered: those by which the host is known come first, as ssh does it.</summary>
    public IReadOnlyList<string> Prefer(string host, int port, IReadOnlyList<string> algorithms)
    {
        string name = Name(host, port);
        List<KnownHostsLine> lines = [.. _lines.Where(line => line.Matches(name))];
        bool authority = lines.Exists(line => line.Marker is KnownHostsMarker.CertAuthority);
        var known = new HashSet<string>(
            lines.Where(line => line.Marker is KnownHostsMarker.None).SelectMany(line => line.Key.SignatureAlgorithms), StringComparer.Ordinal);
        bool IsKnown(string algorithm) => known.Contains(algorithm) || (authority && algorithm.Contains("-cert-", StringComparison.Ordinal));
        return [.. algorithms.Where(IsKnown), .. algorithms.Where(algorithm => !IsKnown(algorithm))];
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
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
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

    private static bool IsRevokedBy(SshPublicKey revoked, SshPublicKey presented) =>
        revoked.Equals(presented) || revoked.Equals(presented.WithoutCertificate) || revoked.Equals(presented.Certificate?.SigningKey);

    private static void MakePrivateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Read(string path, Action<string> warn)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return;
            if (file.Length > MaxFileLength)
            {
                warn($"{path}: {file.Length} bytes are over the limit of {MaxFileLength}; the file is left out");
                return;
            }

            int number = 0;
            foreach (string line in File.ReadLines(path))
                ReadLine(line, string.Create(CultureInfo.InvariantCulture, $"{path}:{++number}"), warn);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{path} cannot be read: {e.Message}");
        }
    }

    private void ReadLine(string line, string place, Action<string> warn)
    {
        try
        {
            if (line.Length > MaxLineLength)
                throw new FormatException($"the line has more than {MaxLineLength} characters");
            if (KnownHostsLine.Parse(line, place) is { } parsed)
                _lines.Add(parsed);
        }
        catch (FormatException e)
        {
            warn($"{place}: {e.Message}; the line is passed over");
        }
    }
}
