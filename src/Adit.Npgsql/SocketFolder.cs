using System.Globalization;
using Adit.Relay;

namespace Adit.Npgsql;

/// <summary>
/// A folder for sockets that only this user may enter. It goes when it is disposed, when the process ends in order, and else when the next
/// process makes one.
/// </summary>
internal sealed class SocketFolder : IDisposable
{
    internal const string Prefix = "adit-npgsql-";
    private const int LongestName = 32;

    private static readonly Lock Sync = new();
    private static readonly HashSet<SocketFolder> Live = [];
    private static bool _isPrepared;

    private int _disposed;

    private SocketFolder(string path) => Location = path;

    /// <summary>Its path.</summary>
    public string Location { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static SocketFolder Create()
    {
        lock (Sync)
        {
            if (!_isPrepared)
            {
                PrivateFolder.RemoveDead(Prefix);
                AppDomain.CurrentDomain.ProcessExit += static (_, _) => DisposeAll();
                _isPrepared = true;
            }

            string path = PrivateFolder.Create(Prefix);
            // Npgsql takes these for the end of a host.
            if (path.AsSpan().IndexOfAny(',', ':') >= 0)
            {
                Directory.Delete(path);
                throw new IOException($"the folder for temporary files, {path}, has a comma or colon in its path, which no Host of Npgsql can have; set TMPDIR to another one");
            }

            var folder = new SocketFolder(path);
            Live.Add(folder);
            return folder;
        }
    }

    /// <summary>A folder in it for the socket of one host, named so that people recognise it in Npgsql's logs.</summary>
    /// <param name="number">Tells hosts of one name apart.</param>
    /// <param name="host">The name.</param>
    public string ForHost(int number, string host)
    {
        string name = new([.. host.Where(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-').Take(LongestName)]);
        string path = Path.Combine(Location, string.Create(CultureInfo.InvariantCulture, $"{number}-{name}"));
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Removes it with what is in it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        lock (Sync)
            Live.Remove(this);
        Remove(Location);
    }

    private static void DisposeAll()
    {
        SocketFolder[] all;
        lock (Sync)
            all = [.. Live];
        foreach (SocketFolder folder in all)
            folder.Dispose();
    }

    private static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else removed it.
        }
    }
}
