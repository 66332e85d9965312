using System.Globalization;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>
/// A local forward as ssh writes it (<c>-L</c>, LocalForward): <c>[bind:]port:host:hostport</c>, <c>[bind:]port:socket</c>,
/// <c>socket:host:hostport</c>, <c>socket:socket</c>. IPv6 addresses stand in brackets, a field with a slash is a socket, a backslash
/// takes the next character as it is. Unlike ssh, port 0 is taken: a free port is chosen.
/// </summary>
/// <param name="Listen">Where to listen.</param>
/// <param name="Target">What to connect to from the server.</param>
/// <param name="Text">The forward as it was written.</param>
public sealed record ForwardSpec(ListenSpec Listen, Endpoint Target, string Text)
{
    private const string Forms = "expected [bind_address:]port:host:hostport, for example 63333:localhost:5432";

    /// <summary>Reads the one-argument form of the command line.</summary>
    /// <exception cref="FormatException">The text is no forward; the message says what is expected.</exception>
    public static ForwardSpec ParseLocal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> fields = Split(text);
        ListenSpec listen = TakeListen(fields, text);
        return new(listen, TakeTarget(fields, text), text);
    }

    /// <summary>Reads the two-argument form of ssh_config.</summary>
    /// <exception cref="FormatException">The arguments are no forward.</exception>
    public static ForwardSpec ParseLocal(string listen, string target)
    {
        ArgumentNullException.ThrowIfNull(listen);
        ArgumentNullException.ThrowIfNull(target);
        string text = $"{listen} {target}";
        List<string> left = Split(listen);
        ListenSpec address = left.Count == 1 || (left.Count == 2 && !IsSocket(left[0]))
            ? TakeListen([.. left, string.Empty, string.Empty], text)
            : throw Bad(text);
        return new(address, TakeTarget(Split(target), text), text);
    }

    private static ListenSpec TakeListen(List<string> fields, string text)
    {
        if (fields.Count == 0)
            throw Bad(text);
        if (IsSocket(fields[0]))
        {
            ListenSpec socket = ListenSpec.Unix(fields[0]);
            fields.RemoveAt(0);
            return socket;
        }

        // [bind:]port: the target takes one field (socket) or two (host:port), the rest is the listener's.
        int ofTarget = IsSocket(fields[^1]) ? 1 : 2;
        int ofListen = fields.Count - ofTarget;
        if (ofListen is not (1 or 2))
            throw Bad(text);
        string? bind = ofListen == 2 ? fields[0] : null;
        int port = ParsePort(fields[ofListen - 1], text, min: 0);
        fields.RemoveRange(0, ofListen);
        return ListenSpec.Tcp(port, bind);
    }

    private static Endpoint TakeTarget(List<string> fields, string text)
    {
        try
        {
            return fields switch
            {
                [var socket] when IsSocket(socket) => Endpoint.Unix(socket),
                [{ Length: > 0 } host, var port] => Endpoint.Tcp(host, ParsePort(port, text, min: 1)),
                _ => throw Bad(text),
            };
        }
        catch (FormatException e) when (e.Message.Length > 0 && !e.Message.StartsWith("bad forward", StringComparison.Ordinal))
        {
            throw new FormatException($"bad forward \"{text}\": {e.Message}; {Forms}", e);
        }
    }

    private static int ParsePort(string field, string text, int min) =>
        ushort.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port >= min
            ? port
            : throw new FormatException($"bad forward \"{text}\": \"{field}\" is not a port from {min} to 65535; {Forms}");

    private static bool IsSocket(string field) => field.Contains('/', StringComparison.Ordinal);

    private static List<string> Split(string text)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        bool bracketed = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            switch (c)
            {
                case '\\' when i + 1 < text.Length:
                    field.Append(text[++i]);
                    break;
                case '[' when field.Length == 0 && !bracketed:
                    bracketed = true;
                    break;
                case ']' when bracketed && (i + 1 == text.Length || text[i + 1] == ':'):
                    bracketed = false;
                    break;
                case ':' when !bracketed:
                    fields.Add(field.ToString());
                    field.Clear();
                    break;
                default:
                    field.Append(c);
                    break;
            }
        }

        if (bracketed)
            throw Bad(text);
        fields.Add(field.ToString());
        return fields;
    }

    private static FormatException Bad(string text) => new($"bad forward \"{text}\": {Forms}");
}
