using System.Globalization;
using System.Text;

namespace Adit.Stunnel;

/// <summary>The names of TCP ports, services(5).</summary>
internal static class TcpServices
{
    private const int MaxBytes = 1024 * 1024;

    private static string SystemFile { get; } = OperatingSystem.IsWindows()
        ? Path.Join(Environment.SystemDirectory, "drivers", "etc", "services")
        : "/etc/services";

    /// <summary>The port that the system's file gives to a name or alias; null for none, and where there is no such file.</summary>
    internal static int? Port(string name) => Port(name, SystemFile);

    /// <summary>The port that a file gives to a name or alias; null for none, and where the file cannot be read.</summary>
    internal static int? Port(string name, string file)
    {
        string text;
        try
        {
            byte[] bytes = new byte[MaxBytes];
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            text = Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split('#', 2)[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && (words[0] == name || words.AsSpan(2).Contains(name)) && Number(words[1]) is { } port)
                return port;
        }

        return null;
    }

    private static int? Number(string portAndProtocol) =>
        portAndProtocol.Split('/') is [var number, "tcp"]
            && ushort.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? port
            : null;
}
