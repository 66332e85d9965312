using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>
/// How known_hosts files differ from the keys that a host announced, and whether they may be changed: as ssh, only lines are touched that
/// ssh could have written, and nothing if one of the keys in question is known under another name too. Immutable.
/// </summary>
internal sealed class HostKeyChange
{
    private readonly string _host;
    private readonly string? _address;

    private HostKeyChange(string host, string? address)
    {
        _host = host;
        _address = address;
    }

    /// <summary>Keys that are to be added.</summary>
    public required IReadOnlyList<SshPublicKey> New { get; init; }

    /// <summary>Keys that are known under the host's name or its address, and not under both.</summary>
    public required IReadOnlyList<SshPublicKey> Incomplete { get; init; }

    /// <summary>Keys that are to be removed.</summary>
    public required IReadOnlyList<SshPublicKey> Old { get; init; }

    /// <summary>The files that they are in.</summary>
    public required IReadOnlyList<string> FilesOfOld { get; init; }

    /// <summary>Why nothing may or need be changed; null where something is.</summary>
    public required string? Obstacle { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="host">The host, as known_hosts names it.</param>
    /// <param name="address">Its address likewise; null if that is not checked.</param>
    /// <param name="files">The user's known_hosts files.</param>
    /// <param name="announced">All keys of the host; with those that may be added parsed.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static HostKeyChange Plan(
        string host, string? address, IReadOnlyList<string> files, IReadOnlyList<(ReadOnlyMemory<byte> Blob, SshPublicKey? Key)> announced)
    {
        KnownHosts known = KnownHosts.Load(files, static _ => { });
        if (known.Unreadable is { } unreadable)
            throw new IOException(unreadable);
        string? obstacle = null;
        var named = new HashSet<SshPublicKey>();
        var addressed = new HashSet<SshPublicKey>();
        var old = new List<(SshPublicKey Key, KnownHostsLine Line)>();
        List<SshPublicKey> usable = [.. announced.Select(static one => one.Key).OfType<SshPublicKey>()];
        foreach (KnownHostsLine line in known.Lines)
        {
            bool byHost = line.Matches(host);
            bool byAddress = address is not null && line.Matches(address);
            SshPublicKey? key = usable.Find(one => one.Blob.Span.SequenceEqual(line.KeyBlob.Span));
            if (!byHost && !byAddress)
            {
                if (key is not null)
                    obstacle ??= $"the announced {key.ShortName} key is known under another name ({line.Place})";
                continue;
            }

            if (line.Marker is not KnownHostsMarker.None || !line.IsSimple)
            {
                obstacle ??= $"{line.Place} has a marker, a pattern or many names";
                continue;
            }

            if (address is not null && line.HasSeveralNames && !(byHost && byAddress))
                obstacle ??= $"{line.Place} has another name or address beside that of the host";
            if (key is not null)
            {
                if (byHost)
                    named.Add(key);
                if (byAddress)
                    addressed.Add(key);
            }
            else if (!announced.Any(one => one.Blob.Span.SequenceEqual(line.KeyBlob.Span)) && PlainKey(line) is { } gone)
            {
                old.Add((gone, line));
            }
        }

        List<SshPublicKey> added = usable.FindAll(key => !named.Contains(key) && !addressed.Contains(key));
        if (usable.Count == 0)
            obstacle = "the server announced no host key that may be used";
        else if (added.Count == 0 && old.Count == 0)
            obstacle = "the server announced no other host keys than are known";
        else
            obstacle ??= KnownElsewhere(known, host, address, old);
        return new(host, address)
        {
            New = added,
            Incomplete = address is null ? [] : usable.FindAll(key => named.Contains(key) != addressed.Contains(key)),
            Old = [.. old.Select(static one => one.Key).Distinct()],
            FilesOfOld = [.. old.Select(static one => one.Line.File!).Distinct()],
            Obstacle = obstacle,
        };
    }

    /// <summary>Whether a line is one that is to be removed.</summary>
    public bool IsOld(KnownHostsLine line) =>
        line.Marker is KnownHostsMarker.None && line.IsSimple
        && (line.Matches(_host) || (_address is not null && line.Matches(_address)))
        && Old.Any(key => key.Blob.Span.SequenceEqual(line.KeyBlob.Span));

    private static string? KnownElsewhere(KnownHosts known, string host, string? address, List<(SshPublicKey Key, KnownHostsLine Line)> old)
    {
        foreach (KnownHostsLine line in known.Lines.Where(line => !line.Matches(host) && (address is null || !line.Matches(address))))
        {
            if (old.Exists(one => one.Key.Blob.Span.SequenceEqual(line.KeyBlob.Span)))
                return $"a key that the host no longer has is known under another name too ({line.Place})";
        }

        return null;
    }

    // What is not understood stays.
    private static SshPublicKey? PlainKey(KnownHostsLine line)
    {
        try
        {
            return SshPublicKey.Parse(line.KeyBlob.Span) is { Certificate: null } key ? key : null;
        }
        catch (SshKeyException)
        {
            return null;
        }
    }
}
