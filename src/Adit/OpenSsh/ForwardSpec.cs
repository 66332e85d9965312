using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>What ssh's options -L, -R and -D ask for.</summary>
/// <param name="Listen">Where connections are accepted. A bind address that was not written is null.</param>
/// <param name="Target">Where they go; null where each connection names its target by SOCKS (-D, and -R with a port alone).</param>
internal readonly record struct ForwardSpec(ListenSpec Listen, Endpoint? Target)
{
    private const int MostFields = 4;

    private const string LocalForm =
        "write [bind_address:]port:host:hostport, [bind_address:]port:remote_socket, local_socket:host:hostport or "
        + "local_socket:remote_socket, as in 5432:localhost:5432";

    private const string RemoteForm =
        "write [bind_address:]port:host:hostport, [bind_address:]port:local_socket, remote_socket:host:hostport, "
        + "remote_socket:local_socket or [bind_address:]port, as in 8080:localhost:80";

    private const string DynamicForm = "write [bind_address:]port, as in 1080";
    private const string StdioForm = "write host:port, as in localhost:5432";

    /// <summary>Whether each connection names its target by SOCKS.</summary>
    [MemberNotNullWhen(false, nameof(Target))]
    internal bool IsDynamic => Target is null;

    /// <summary>Reads the argument of -L. Port 0 listens on a free port (ssh refuses it).</summary>
    /// <exception cref="FormatException">The text is none; the message says what is expected.</exception>
    internal static ForwardSpec ParseLocal(string text) =>
        Parse(text, "local forward", LocalForm, targetRequired: true);

    /// <summary>Reads the argument of -R. Port 0 lets the server choose; a port alone is SOCKS.</summary>
    /// <exception cref="FormatException">The text is none; the message says what is expected.</exception>
    internal static ForwardSpec ParseRemote(string text) =>
        Parse(text, "remote forward", RemoteForm, targetRequired: false);

    /// <summary>Reads the argument of -D.</summary>
    /// <exception cref="FormatException">The text is none; the message says what is expected.</exception>
    internal static ForwardSpec ParseDynamic(string text)
    {
        ForwardSpec forward = Parse(text, "dynamic forward", DynamicForm, targetRequired: false);
        return forward.IsDynamic ? forward : throw Wrong(text, "dynamic forward", "there are too many fields", DynamicForm);
    }

    /// <summary>Reads the argument of -W: a host and port, or the path of a socket.</summary>
    /// <exception cref="FormatException">The text is none; the message says what is expected.</exception>
    internal static Endpoint ParseStdio(string text)
    {
        const string what = "target for -W";
        List<Field> fields = Split(text, what, StdioForm);
        return fields switch
        {
            [{ IsSocket: true } path] => Unix(path),
            [{ IsSocket: false } host, { IsSocket: false } port] => Tcp(text, what, StdioForm, host, port),
            _ => throw Wrong(text, what, "it needs a host and a port", StdioForm),
        };

        Endpoint Unix(Field path) => Checked(text, what, StdioForm, () => Endpoint.Unix(path.Text));
    }

    /// <summary>The forward as -L and -R take it.</summary>
    public override string ToString() => Target is null ? Listen.ToString() : $"{Listen}:{Target}";

    private static ForwardSpec Parse(string text, string what, string form, bool targetRequired)
    {
        List<Field> fields = Split(text.TrimStart(), what, form);
        // Which fields are sockets decides what the others are, as in ssh.
        (ListenSpec listen, Endpoint? target) = fields switch
        {
            [{ IsSocket: true } socket] => (Socket(socket), null),
            [var port] => (Port(null, port), null),
            [{ IsSocket: true } socket, { IsSocket: true } path] => (Socket(socket), Path(path)),
            [{ IsSocket: false } port, { IsSocket: true } path] => (Port(null, port), Path(path)),
            [{ IsSocket: false } bind, { IsSocket: false } port] => (Port(bind, port), null),
            [{ IsSocket: true } socket, { IsSocket: false } host, { IsSocket: false } port] => (Socket(socket), Host(host, port)),
            [{ IsSocket: false } bind, { IsSocket: false } port, { IsSocket: true } path] => (Port(bind, port), Path(path)),
            [{ IsSocket: false } port, { IsSocket: false } host, { IsSocket: false } hostPort] => (Port(null, port), Host(host, hostPort)),
            [{ IsSocket: false } bind, { IsSocket: false } port, { IsSocket: false } host, { IsSocket: false } hostPort]
                => (Port(bind, port), Host(host, hostPort)),
            _ => throw Wrong(text, what, "the fields do not fit together", form),
        };
        if (target is null && targetRequired)
            throw Wrong(text, what, "the target is missing", form);
        return new(listen, target);

        ListenSpec Socket(Field field) => Checked(text, what, form, () => ListenSpec.Unix(field.Text));
        Endpoint Path(Field field) => Checked(text, what, form, () => Endpoint.Unix(field.Text));
        Endpoint Host(Field host, Field port) => Tcp(text, what, form, host, port);
        ListenSpec Port(Field? bind, Field port)
        {
            int number = Number(text, what, form, port, least: 0);
            return Checked(text, what, form, () => ListenSpec.Tcp(number, bind?.Text));
        }
    }

    private static Endpoint Tcp(string text, string what, string form, Field host, Field port)
    {
        int number = Number(text, what, form, port, least: 1);
        return Checked(text, what, form, () => Endpoint.Tcp(host.Text, number));
    }

    private static int Number(string text, string what, string form, Field field, int least) =>
        ushort.TryParse(field.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port >= least
            ? port
            : throw Wrong(text, what, string.Create(CultureInfo.InvariantCulture, $"\"{field.Text}\" is not a port from {least} to 65535"), form);

    private static T Checked<T>(string text, string what, string form, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (FormatException e)
        {
            throw Wrong(text, what, e.Message, form);
        }
    }

    private static FormatException Wrong(string text, string what, string why, string form) =>
        new($"\"{text}\" is not a {what}: {why}; {form}");

    private static List<Field> Split(string text, string what, string form)
    {
        List<Field> fields = [];
        var field = new StringBuilder();
        int at = 0;
        bool more = text.Length > 0;
        while (more)
        {
            if (fields.Count == MostFields)
                throw Wrong(text, what, $"there is something behind the last field: \"{text[at..]}\"", form);
            if (at < text.Length && text[at] == '[')
            {
                int close = text.IndexOf(']', at);
                if (close < 0)
                    throw Wrong(text, what, "a bracket is not closed", form);
                if (close + 1 < text.Length && text[close + 1] != ':')
                    throw Wrong(text, what, "there is something behind a closing bracket", form);
                fields.Add(new(text[(at + 1)..close]));
                more = close + 1 < text.Length;
                at = close + 2;
                continue;
            }
            field.Clear();
            for (; at < text.Length && text[at] != ':'; at++)
            {
                if (text[at] == '\\' && ++at == text.Length)
                    throw Wrong(text, what, "there is nothing behind the last backslash", form);
                field.Append(text[at]);
            }
            fields.Add(new(field.ToString()));
            more = at < text.Length;
            at++;
        }
        return fields;
    }

    /// <summary>A field with a slash is a socket, and so is an abstract name, since no host has an @ in front.</summary>
    private readonly record struct Field(string Text)
    {
        internal bool IsSocket => Text.StartsWith('@') || Text.Contains('/', StringComparison.Ordinal);
    }
}
