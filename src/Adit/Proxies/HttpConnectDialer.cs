using System.Text;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Proxies;

/// <summary>
/// Dials through an HTTP proxy: CONNECT, RFC 9110 section 9.3.6. Logs in by Basic (RFC 7617), without being asked to, since a proxy that asks may
/// close the connection.
/// </summary>
internal sealed class HttpConnectDialer : ProxyDialer
{
    /// <summary>The most interim responses (1xx) before the proxy's answer.</summary>
    public const int MaxInterim = 5;

    private const int ProxyLoginRequired = 407;
    private const int LoginRequired = 401;
    private const int MaxQuoted = 200;

    private readonly ProxyCredentials? _credentials;
    private readonly string _fields;

    /// <summary>Creates a dialer.</summary>
    /// <param name="inner">Reaches the proxy.</param>
    /// <param name="proxy">Where the proxy is, as the inner dialer sees it.</param>
    /// <param name="credentials">The login; null for none.</param>
    /// <param name="headers">Further lines of the request's header, each as <c>Name: value</c>; null for none.</param>
    /// <exception cref="FormatException">A login or a line of the header that cannot be sent.</exception>
    public HttpConnectDialer(IDialer inner, Endpoint proxy, ProxyCredentials? credentials = null, IReadOnlyList<string>? headers = null)
        : base(inner, proxy)
    {
        _credentials = credentials;
        StringBuilder fields = new();
        if (credentials is not null)
            fields.Append("Proxy-Authorization: Basic ").Append(Basic(credentials)).Append("\r\n");
        foreach (string header in headers ?? [])
        {
            if (header.IndexOf(':', StringComparison.Ordinal) < 1 || header.Any(static c => c is (< ' ' or > '~') and not '\t'))
                throw new FormatException($"\"{Printable.Text(header)}\" is not a line of an HTTP header; write \"Name: value\" in ASCII");
            fields.Append(header).Append("\r\n");
        }
        _fields = fields.ToString();
    }

    private protected override async ValueTask AskAsync(ProxyConversation conversation, Endpoint target, CancellationToken cancellationToken)
    {
        string authority = target.ToString();
        if (!Ascii.IsValid(authority))
            throw new DialException(target, DialFailure.Other, "an HTTP proxy takes names in ASCII only; write the name in its xn-- form");
        await conversation.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{_fields}\r\n"), cancellationToken)
            .ConfigureAwait(false);
        for (int interim = 0; interim <= MaxInterim; interim++)
        {
            HttpResponseHead head = await ReadHeadAsync(conversation, target, cancellationToken).ConfigureAwait(false);
            switch (head.Status)
            {
                case >= 100 and < 200 and not 101:
                    continue;
                case >= 200 and < 300:
                    return;
                case ProxyLoginRequired:
                case LoginRequired when _credentials is not null: // tinyproxy's word for a login that is wrong
                    string login = _credentials is null ? "wants a login" : $"does not accept the login of {Printable.Text(_credentials.User)}";
                    throw Refused(target, DialFailure.Prohibited, $"{login}: {Quote(head.StatusLine)}");
                default:
                    throw Refused(target, FailureOf(head.Status), $"answered {Quote(head.StatusLine)}");
            }
        }
        throw Refused(target, DialFailure.Other, $"sent more than {MaxInterim} interim responses and no answer");
    }

    private async ValueTask<HttpResponseHead> ReadHeadAsync(ProxyConversation conversation, Endpoint target, CancellationToken cancellationToken)
    {
        try
        {
            return await conversation.ReadAsync<HttpResponseHead>(HttpResponseHead.TryRead, cancellationToken).ConfigureAwait(false);
        }
        catch (FormatException e)
        {
            throw Refused(target, DialFailure.Other, e.Message);
        }
    }

    private static DialFailure FailureOf(int status) => status switch
    {
        401 or 403 or 405 => DialFailure.Prohibited,
        408 or 504 => DialFailure.TimedOut,
        429 => DialFailure.ResourceShortage,
        502 or 503 => DialFailure.Unreachable,
        _ => DialFailure.Other,
    };

    private static string Basic(ProxyCredentials credentials)
    {
        if (credentials.User.Contains(':', StringComparison.Ordinal))
            throw new FormatException("the user name for an HTTP proxy has a colon, which ends it");
        if (credentials.User.Any(char.IsControl) || credentials.Password.Any(char.IsControl))
            throw new FormatException("the user name or the password for an HTTP proxy has a control character");
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.User}:{credentials.Password}"));
    }

    private static string Quote(string line) =>
        $"\"{Printable.Text(line.Length > MaxQuoted ? string.Concat(line.AsSpan(0, MaxQuoted), "…") : line)}\"";
}
