using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>The destination of ssh(1): <c>[user@]host</c> or <c>ssh://[user@]host[:port]</c>.</summary>
/// <param name="User">Null where it was not written.</param>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">Null where it was not written.</param>
internal readonly record struct SshDestination(string? User, string Host, int? Port)
{
    private const string Scheme = "ssh://";

    /// <summary>Reads it. A user's name may itself hold an @, so the last one splits.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static SshDestination Parse(string text)
    {
        bool isUri = text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        string rest = isUri ? text[Scheme.Length..] : text;
        int at = rest.LastIndexOf('@');
        string? user = at < 0 ? null : rest[..at];
        string host = rest[(at + 1)..];
        int? port = null;
        if (isUri)
        {
            host = host.EndsWith('/') ? host[..^1] : host;
            // A URI may carry connection parameters behind the user (draft-ietf-secsh-scp-sftp-ssh-uri section 3); ssh knows none either.
            user = user is null ? null : Uri.UnescapeDataString(user.Split(';')[0]);
            int colon = host.LastIndexOf(':');
            if (colon > host.LastIndexOf(']'))
            {
                port = ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
                    ? number
                    : throw Wrong(text, $"\"{host[(colon + 1)..]}\" is not a port from 1 to 65535");
                host = host[..colon];
            }
            if (host is ['[', .. var address, ']'])
                host = address;
        }
        if (user is { Length: 0 })
            throw Wrong(text, "the user in front of the @ is missing");
        if (user is not null && user.Any(char.IsControl))
            throw Wrong(text, "the user's name holds a control character");
        if (host.Length == 0 || host.StartsWith('-') || host.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '/' or '[' or ']'))
            throw Wrong(text, $"\"{host}\" is not a host");
        return new(user, host, port);
    }

    private static FormatException Wrong(string text, string why) =>
        new($"\"{text}\" is not a destination: {why}; write [user@]host or ssh://[user@]host[:port]");
}
