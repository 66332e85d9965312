using System.Globalization;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Npgsql;

/// <summary>
/// A folder for sockets in one that only this user may enter. It goes when it is disposed. The one around it stays until the process ends, so
/// that nobody else can put sockets where those of a data source were; and until the next process makes one, where this one is killed.
/// </summary>
internal sealed class SocketFolder : IDisposable
{
    internal const string Prefix = "adit-npgsql-";
    private const int LongestName = 32;

    private static readonly Lock Sync = new();
    private static string? _around;
    private static int _made;

    private SocketFolder(string path) => Location = path;

    /// <summary>Its path.</summary>
    public string Location { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static SocketFolder Create()
    {
        lock (Sync)
        {
            if (_around is null)
                AppDomain.CurrentDomain.ProcessExit += static (_, _) => Remove(_around);
            // What cleans up among the temporary files may have taken it away.
            if (_around is null || !IsOwn(_around))
                _around = CreateAround();
            string path = Path.Combine(_around, (++_made).ToString(CultureInfo.InvariantCulture));
            PrivateFolder.Make(path);
            return new SocketFolder(path);
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
    public void Dispose() => Remove(Location);

    private static bool IsOwn(string path) =>
        OperatingSystem.IsWindows() ? Directory.Exists(path) : UnixFile.Look(path) is { IsFolder: true } found && found.Owner == LinuxCalls.GetEffectiveUserId();

    private static string CreateAround()
    {
        PrivateFolder.RemoveDead(Prefix);
        string path = PrivateFolder.Create(Prefix);
        // Npgsql takes these for the end of a host.
        if (path.AsSpan().IndexOfAny(',', ':') < 0)
            return path;
        Directory.Delete(path);
        throw new IOException($"the folder for temporary files, {path}, has a comma or colon in its path, which no Host of Npgsql can have; set TMPDIR to another one");
    }

    private static void Remove(string? path)
    {
        try
        {
            if (path is not null)
                Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It is gone already.
        }
    }
}
