using System.Globalization;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>Reads the values of Adit's own keywords on TLS and proxies.</summary>
internal static class TlsValue
{
    private const string ModeWords = "require, verify-ca or verify-full";
    private const int DefaultHttpPort = 80;
    private const int DefaultSocksPort = 1080;

    /// <summary>How targets are spoken to: a mode, and how TLS begins; null for <c>none</c>.</summary>
    internal static TargetTls? Target(ConfigLine line)
    {
        string[] words = [.. line.Arguments.SelectMany(static word => word.Split(',', StringSplitOptions.RemoveEmptyEntries))];
        if (words is ["none" or "None"])
            return null;
        if (words is not ([_] or [_, _]))
            throw Wrong(line, $"write {ModeWords}, behind it postgres, direct or tls, or none alone");
        TlsMode verified = words[0].ToLowerInvariant() switch
        {
            "require" => TlsMode.Require,
            "verify-ca" => TlsMode.VerifyCa,
            "verify-full" => TlsMode.VerifyFull,
            "disable" or "allow" or "prefer" => throw Wrong(line, $"{words[0]} would let a connection go on without TLS; write {ModeWords}, or none to leave it to the client"),
            _ => throw Wrong(line, $"\"{words[0]}\" is not {ModeWords}"),
        };
        return new(verified, words is [_, var beginning] ? Beginning(line, beginning) : TlsBeginning.Postgres);
    }

    /// <summary>The TLS server around a server: <c>[host:]port</c>; null for <c>none</c>.</summary>
    internal static (string? Host, int Port)? Via(ConfigLine line)
    {
        string text = HostValue.TextOrNone(line) ?? string.Empty;
        if (text.Length == 0)
            return null;
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort alone) && alone > 0)
            return (null, alone);
        return Endpoint.TryParse(text, out Endpoint? end) && !end.IsUnix && end.Port > 0
            ? (end.Host, end.Port)
            : throw Wrong(line, $"\"{text}\" is not [host:]port");
    }

    /// <summary>The proxy, as a URL; null for <c>none</c>.</summary>
    internal static ProxyAddress? Proxy(ConfigLine line)
    {
        string text = HostValue.TextOrNone(line) ?? string.Empty;
        if (text.Length == 0)
            return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "socks5" or "socks5h") || url.Host.Length == 0 || url.PathAndQuery is not ("" or "/"))
            throw Wrong(line, "write http://[user[:password]@]host:port or socks5://[user[:password]@]host:port");
        bool isSocks = url.Scheme is not "http";
        string[] login = url.UserInfo.Split(':', 2);
        int port = url.Port > 0 ? url.Port : isSocks ? DefaultSocksPort : DefaultHttpPort;
        return new(isSocks, Endpoint.Tcp(url.IdnHost.Trim('[', ']'), port), login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : null, login is [_, var password] ? Uri.UnescapeDataString(password) : string.Empty);
    }

    private static TlsBeginning Beginning(ConfigLine line, string word) => word.ToLowerInvariant() switch
    {
        "postgres" => TlsBeginning.Postgres,
        "direct" => TlsBeginning.PostgresDirect,
        "tls" => TlsBeginning.Direct,
        _ => throw Wrong(line, $"\"{word}\" is not postgres, direct (PostgreSQL 17) or tls (anything else)"),
    };

    private static ConfigException Wrong(ConfigLine line, string what) => new(line.Source, $"{line.Keyword}: {what}");
}
