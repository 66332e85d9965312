using System.Globalization;
using System.Net;
using Adit.Relay;

namespace Adit.Stunnel;

/// <summary>The types of stunnel's values. Each throws <see cref="StunnelException"/> naming what is expected.</summary>
internal static class OptionValue
{
    // Longer than anything that is waited for, and within what a timer takes.
    private const int MaxSeconds = 24 * 86400;

    internal static bool YesNo(OptionLine line) => Word(line, ("yes", true), ("no", false));

    /// <summary>One of some words, in any case.</summary>
    internal static T Word<T>(OptionLine line, params ReadOnlySpan<(string Word, T Value)> words)
    {
        List<string> names = [];
        foreach ((string word, T value) in words)
        {
            if (word.Equals(line.Value, StringComparison.OrdinalIgnoreCase))
                return value;
            names.Add(word);
        }

        throw line.Wrong($"write {string.Join(", ", names[..^1])} or {names[^1]}");
    }

    internal static string Text(OptionLine line) => line.Value.Length > 0 ? line.Value : throw line.Wrong("there is no value");

    /// <summary>A text, or null where nothing stands behind the =: what was said before is taken back.</summary>
    internal static string? TextOrNone(OptionLine line) => line.Value.Length > 0 ? line.Value : null;

    /// <summary>A file with a key or certificate: no object of a token.</summary>
    internal static string CredentialFile(OptionLine line) =>
        line.Value.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase)
            ? throw line.Refused("keys of tokens are not served; write the name of a file")
            : Text(line);

    internal static int Number(OptionLine line, int least, int most) =>
        int.TryParse(line.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw line.Wrong(string.Create(CultureInfo.InvariantCulture, $"write a number from {least} to {most}"));

    internal static TimeSpan Seconds(OptionLine line, int least = 1) =>
        int.TryParse(line.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds >= least && seconds <= MaxSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw line.Wrong(string.Create(CultureInfo.InvariantCulture, $"write seconds, {least} to {MaxSeconds}"));

    /// <summary>What to listen on. A port alone has no address yet: what it means depends on the role.</summary>
    internal static ListenSpec Listen(OptionLine line)
    {
        try
        {
            if (line.Value.StartsWith('/'))
                return ListenSpec.Unix(line.Value);
            (string? host, int port) = HostAndPort(line, leastPort: 0);
            return ListenSpec.Tcp(port, host);
        }
        catch (FormatException e)
        {
            throw line.Wrong(e.Message);
        }
    }

    /// <summary>What to connect to.</summary>
    internal static Endpoint Target(OptionLine line)
    {
        try
        {
            if (line.Value.StartsWith('/'))
                return Endpoint.Unix(line.Value);
            (string? host, int port) = HostAndPort(line, leastPort: 1);
            return Endpoint.Tcp(host ?? "localhost", port);
        }
        catch (FormatException e)
        {
            throw line.Wrong(e.Message);
        }
    }

    internal static string Host(OptionLine line)
    {
        try
        {
            return Endpoint.Tcp(line.Value, 0).Host!;
        }
        catch (FormatException)
        {
            throw line.Wrong("write an address or a name, without a port");
        }
    }

    internal static IPAddress Address(OptionLine line) =>
        IPAddress.TryParse(line.Value, out IPAddress? address) ? address : throw line.Wrong("write an IP address, as in 192.0.2.7");

    /// <summary>Words with colons between them.</summary>
    internal static string[] Names(OptionLine line)
    {
        string[] names = line.Value.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length > 0 ? names : throw line.Wrong("write names with colons between them");
    }

    // As in stunnel the last colon is the one in front of the port, so that IPv6 addresses stand without brackets: ":::5432".
    private static (string? Host, int Port) HostAndPort(OptionLine line, int leastPort)
    {
        int colon = line.Value.LastIndexOf(':');
        string? host = colon < 0 ? null : line.Value[..colon];
        if (host is ['[', .. var inner, ']'])
            host = inner;
        if (host is "")
            throw line.Wrong("there is no host in front of the port; write HOST:PORT, or the port alone");
        return (host, Port(line, line.Value[(colon + 1)..], leastPort));
    }

    private static int Port(OptionLine line, string text, int least)
    {
        if (text.Length == 0)
            throw line.Wrong("there is no port; write PORT, HOST:PORT or the path of a socket");
        if (!text.All(char.IsAsciiDigit))
            return TcpServices.Port(text) ?? throw line.Wrong($"\"{text}\" is no port: neither a number nor a name of /etc/services with tcp");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port >= least && port <= IPEndPoint.MaxPort
            ? port
            : throw line.Wrong(string.Create(CultureInfo.InvariantCulture, $"a port is a number from {least} to {IPEndPoint.MaxPort}"));
    }
}
