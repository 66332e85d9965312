using Adit.Platform;

namespace Adit.Gateway.Serving;

/// <summary>The file of a Unix socket that is in the way (StreamLocalBindUnlink).</summary>
internal static class SocketFile
{
    /// <summary>Removes it. Anything that is no socket stays, whatever a client asks for.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be removed.</exception>
    public static void Remove(string path)
    {
        if (UnixFile.Look(path) is { IsSocket: true })
            File.Delete(path);
    }
}
