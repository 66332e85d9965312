using System.Globalization;
using Adit.Relay;
using Adit.Socks;
using Adit.Wording;

namespace Adit.Proxies;

/// <summary>Dials through a SOCKS 5 proxy (RFC 1928), with a login where the proxy wants one (RFC 1929).</summary>
internal sealed class Socks5Dialer : ProxyDialer
{
    private readonly Socks5Login? _login;

    /// <summary>Creates a dialer.</summary>
    /// <param name="inner">Reaches the proxy.</param>
    /// <param name="proxy">Where the proxy is, as the inner dialer sees it.</param>
    /// <param name="credentials">The login; null for none.</param>
    /// <exception cref="FormatException">The user name or the password is empty or has more than 255 bytes.</exception>
    public Socks5Dialer(IDialer inner, Endpoint proxy, ProxyCredentials? credentials = null)
        : base(inner, proxy)
    {
        if (credentials is null)
            return;
        _login = new(credentials.User, credentials.Password);
        _login.ToBytes();
    }

    private protected override async ValueTask AskAsync(ProxyConversation conversation, Endpoint target, CancellationToken cancellationToken)
    {
        byte[] request = RequestFor(target);
        Socks5Greeting greeting = new(OffersNoAuthentication: true, OffersPassword: _login is not null);
        await conversation.WriteAsync(greeting.ToBytes(), cancellationToken).ConfigureAwait(false);
        Socks5MethodSelection selection = await conversation.ReadAsync<Socks5MethodSelection>(Socks5MethodSelection.TryRead, cancellationToken)
            .ConfigureAwait(false);
        await LogInAsync(conversation, selection.Method, target, cancellationToken).ConfigureAwait(false);
        await conversation.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        Socks5Reply reply = await conversation.ReadAsync<Socks5Reply>(Socks5Reply.TryRead, cancellationToken).ConfigureAwait(false);
        if (reply.Outcome != Socks5Outcome.Succeeded)
            throw Refused(target, FailureOf(reply.Outcome), $"answered that {InWords(reply.Outcome)}");
    }

    private async ValueTask LogInAsync(ProxyConversation conversation, Socks5Method method, Endpoint target, CancellationToken cancellationToken)
    {
        switch (method)
        {
            case Socks5Method.NoAuthentication:
                break;
            case Socks5Method.Password when _login is not null:
                await conversation.WriteAsync(_login.ToBytes(), cancellationToken).ConfigureAwait(false);
                Socks5LoginReply reply = await conversation.ReadAsync<Socks5LoginReply>(Socks5LoginReply.TryRead, cancellationToken).ConfigureAwait(false);
                if (!reply.IsAccepted)
                    throw Refused(target, DialFailure.Prohibited, $"does not accept the login of {Printable.Text(_login.User)}");
                break;
            case Socks5Method.NoneAcceptable:
                string wanted = _login is null ? "wants a login" : "wants another login than a user name and a password";
                throw Refused(target, DialFailure.Prohibited, wanted);
            default:
                throw Refused(target, DialFailure.Other, string.Create(CultureInfo.InvariantCulture, $"chose the login {(byte)method}, which was not offered"));
        }
    }

    private static byte[] RequestFor(Endpoint target)
    {
        try
        {
            return new Socks5Request(target).ToBytes();
        }
        catch (FormatException e)
        {
            throw new DialException(target, DialFailure.Other, e.Message, e);
        }
    }

    private static DialFailure FailureOf(Socks5Outcome outcome) => outcome switch
    {
        Socks5Outcome.NotAllowed => DialFailure.Prohibited,
        Socks5Outcome.NetworkUnreachable or Socks5Outcome.HostUnreachable => DialFailure.Unreachable,
        Socks5Outcome.ConnectionRefused => DialFailure.Refused,
        Socks5Outcome.TtlExpired => DialFailure.TimedOut,
        _ => DialFailure.Other,
    };

    private static string InWords(Socks5Outcome outcome) => outcome switch
    {
        Socks5Outcome.GeneralFailure => "it failed",
        Socks5Outcome.NotAllowed => "its rules do not allow it",
        Socks5Outcome.NetworkUnreachable => "the network is unreachable",
        Socks5Outcome.HostUnreachable => "the host is unreachable or not known",
        Socks5Outcome.ConnectionRefused => "the connection was refused",
        Socks5Outcome.TtlExpired => "there was no answer in time",
        Socks5Outcome.CommandNotSupported => "it does not serve CONNECT",
        Socks5Outcome.AddressTypeNotSupported => "it does not serve this type of address",
        _ => string.Create(CultureInfo.InvariantCulture, $"it failed with the code {(byte)outcome}"),
    };
}
