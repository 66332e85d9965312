using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Adit.Platform;
using Adit.Relay;
using Adit.StartTls;

namespace Adit.Tls;

/// <summary>TLS over what another dialer reaches.</summary>
/// <param name="inner">Reaches the server; not owned.</param>
/// <param name="settings">How TLS is begun.</param>
internal sealed class TlsDialer(IDialer inner, TlsClientSettings settings) : IDialer
{
    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        DialedConnection dialed = await inner.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
        await PoolTurn.Begin;
        ReadOnlyMemory<byte> first = default;
        try
        {
            if (settings.Opening is not null)
            {
                var stream = new DuplexStream(dialed.Duplex);
                first = (await settings.Opening.AskAsync(stream, cancellationToken).ConfigureAwait(false)).ToArray();
                if (!stream.Unread.IsEmpty)
                    throw new OpeningException("the server sent more in the clear behind its consent to TLS");
            }

            (TlsDuplex tls, TlsVerdict verdict) = await ShakeHandsAsync(dialed.Duplex, target, cancellationToken).ConfigureAwait(false);
            Duplex duplex = first.IsEmpty ? tls : new PrefixedDuplex(first, tls);
            return dialed with { Duplex = duplex, Route = Protected(dialed.Route, verdict) };
        }
        catch (Exception e)
        {
            await dialed.Duplex.AbandonAsync().ConfigureAwait(false);
            if (e is OperationCanceledException)
                throw;
            throw e as DialException ?? new DialException(target, DialFailure.Other, e.Message, e);
        }
    }

    private async Task<(TlsDuplex Tls, TlsVerdict Verdict)> ShakeHandsAsync(Duplex below, Endpoint target, CancellationToken cancellationToken)
    {
        string host = target.Host ?? string.Empty;
        TlsVerdict? verdict = null;
        var wire = new TlsWire(below, default);
        var tls = new SslStream(wire, leaveInnerStreamOpen: true);
        bool isDone = false;
        try
        {
            await tls.AuthenticateAsClientAsync(settings.Options(host, Judge), cancellationToken).ConfigureAwait(false);
            verdict = await settings.Trust.AskAsync(verdict ?? throw new AuthenticationException("the server's certificate was not looked at"), cancellationToken).ConfigureAwait(false);
            if (verdict.Refusal is not null)
                throw new AuthenticationException(verdict.Refusal);
            isDone = true;
            return (new TlsDuplex(tls, wire, below), verdict);
        }
        catch (Exception e) when (verdict?.Refusal is not null)
        {
            throw new DialException(target, DialFailure.Prohibited, verdict.Refusal, e);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException)
        {
            throw new DialException(target, DialFailure.Other, $"no TLS could be agreed with it: {TlsFailure.InWords(e)}", e);
        }
        finally
        {
            if (!isDone)
                await tls.DisposeAsync().ConfigureAwait(false);
        }

        bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            verdict = settings.Trust.Judge(certificate as X509Certificate2, chain, host);
            return verdict.Refusal is null;
        }
    }

    // The hop itself stays; it is TLS that protects it from now on.
    private static Route Protected(Route route, TlsVerdict verdict) =>
        route.EndingIn(route.Legs[^1] with { Protection = LegProtection.Tls, Verification = verdict.Verification });
}
