using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Platform;

namespace Adit.Cli.Doctor;

/// <summary>Removes a socket on which nobody listens.</summary>
/// <param name="path">Where it is.</param>
/// <param name="seen">The file that was seen there.</param>
[SupportedOSPlatform("linux")]
internal sealed class SocketEnding(string path, UnixFile seen) : IEnding
{
    public Task<string> EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (UnixFile.Look(path) is not { } now || now != seen)
                return Task.FromResult("it was gone already");
            if (ControlSocketFile.Look(path) is not ControlSocketState.Dead)
                throw new EndingException("somebody listens there now");
            return seen.TryRemove(path) ? Task.FromResult("removed") : throw new EndingException("another file came in its place; it stays");
        }
        catch (FileNotFoundException)
        {
            return Task.FromResult("it was gone already");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EndingException($"it cannot be removed: {e.Message}", e);
        }
    }
}
