using System.Net.Sockets;
using System.Text;

namespace Adit.Platform;

/// <summary>The system's form of a socket path, where <c>@name</c> is a name without a file (unix(7), "abstract").</summary>
internal static class UnixAddress
{
    internal static UnixDomainSocketEndPoint Of(string path)
    {
        try
        {
            return new(IsAbstract(path) ? string.Concat("\0", path.AsSpan(1)) : path);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException(
                $"the path of the socket is too long for this system ({Encoding.UTF8.GetByteCount(path)} bytes): \"{path}\"", e);
        }
    }

    internal static bool IsAbstract(string path) => path.StartsWith('@');
}
