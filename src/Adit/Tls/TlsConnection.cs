using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Adit.Platform;
using Adit.Relay;
using Adit.StartTls;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>A connection whose client begins with TLS. The handshake is done before its target is dialled.</summary>
/// <param name="inner">The connection as it came in; owned. It is answered before the first byte is read from it.</param>
/// <param name="settings">How TLS is begun.</param>
internal sealed class TlsConnection(IncomingConnection inner, TlsServerSettings settings) : IncomingConnection
{
    private TlsServerSettings _settings = settings;
    private Duplex? _duplex;
    private Leg _leg = inner.Leg;
    private string? _subject;
    private string? _issuer;
    private bool _isTls;
    private bool _answered;

    /// <inheritdoc/>
    public override ConnectionOrigin Origin => inner.Origin with { Certificate = _subject, CertificateIssuer = _issuer, Service = _settings.Name, IsRedirected = Redirected is not null };

    /// <inheritdoc/>
    public override Endpoint LocalEndpoint => inner.LocalEndpoint;

    /// <inheritdoc/>
    public override Leg Leg => _leg;

    /// <inheritdoc/>
    public override PeerSocket? Peer => inner.Peer;

    /// <inheritdoc/>
    public override bool IsConnected => inner.IsConnected;

    /// <summary>Why the client is to be led elsewhere, in words; null where it is not.</summary>
    public string? Redirected { get; private set; }

    /// <summary>What was found of the client's certificate; null where nothing was asked of it so far.</summary>
    public TlsVerdict? Verdict { get; private set; }

    /// <summary>The certificate that the client has shown, where it is asked whom it stands for; null where it showed none.</summary>
    public ShownCertificate? Shown { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        Duplex below = _duplex = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
        await PoolTurn.Begin;
        byte[] read = [];
        if (_settings.Opening is { } opening)
        {
            var stream = new DuplexStream(below);
            OpeningAnswer answer = await opening.AnswerAsync(stream, cancellationToken).ConfigureAwait(false);
            // Who has sent more in the clear, before TLS could begin, would have it taken for what came in TLS (CVE-2011-0411).
            if (answer is { BeginsTls: true, Read.IsEmpty: true } && !stream.Unread.IsEmpty)
                throw new OpeningException("the client sent more in the clear behind its request for TLS");
            if (answer.Ends)
            {
                _duplex = new EndedDuplex(answer.Read.ToArray(), below);
                return;
            }

            read = [.. answer.Read.Span, .. stream.Unread.Span];
            if (!answer.BeginsTls)
            {
                _duplex = read.Length > 0 ? new PrefixedDuplex(read, below) : below;
                return;
            }
        }

        await ShakeHandsAsync(below, read, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken) =>
        (Redirected is null ? _settings.Target : _settings.Redirect) is { } target ? new(target) : inner.NameTargetAsync(cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken)
    {
        _answered = true;
        return new(_duplex ?? throw new InvalidOperationException("a TLS client is answered after its handshake"));
    }

    /// <inheritdoc/>
    public override async ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _answered = true;
        if (_duplex is not { } duplex)
        {
            await inner.RefuseAsync(refusal, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            // In order, so that the alert or the answer that says why is not overtaken by a reset. Whose target cannot be had would take that for an
            // answer without a word.
            if (refusal.Kind is RefusalKind.NotBegun)
                await duplex.CompleteWritingAsync(cancellationToken).ConfigureAwait(false);
            else
                duplex.Abort();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            duplex.Abort();
        }

        await duplex.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_answered)
            return;
        _answered = true;
        if (_duplex is null)
            await inner.DisposeAsync().ConfigureAwait(false);
        else
            await _duplex.AbandonAsync().ConfigureAwait(false);
    }

    private async Task ShakeHandsAsync(Duplex below, byte[] read, CancellationToken cancellationToken)
    {
        TlsVerdict? verdict = null;
        string? subject = null;
        string? issuer = null;
        var wire = new TlsWire(below, read);
        // Who sends nothing costs next to nothing.
        if (read.Length == 0)
            await wire.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        var tls = new SslStream(wire, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsServerAsync(
                (_, hello, _, _) =>
                {
                    _settings = _settings.ByName?.Invoke(hello.ServerName) ?? _settings;
                    return new(_settings.Options(Judge));
                },
                null,
                cancellationToken).ConfigureAwait(false);
            _isTls = true;
        }
        catch (Exception e) when (verdict?.Refusal is not null)
        {
            throw NotLetIn(subject, verdict.Refusal, e);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException or NotSupportedException)
        {
            throw new IOException($"no TLS could be agreed with the client: {TlsFailure.InWords(e)}", e);
        }
        finally
        {
            // What is below stays, for the alert that says why.
            if (!_isTls)
                await tls.DisposeAsync().ConfigureAwait(false);
        }

        _duplex = new TlsDuplex(tls, wire, below);
        if (verdict is not null)
            verdict = await AskAsync(verdict, subject, cancellationToken).ConfigureAwait(false);
        else if (_settings.Clients is ClientCertificates.Required && Redirected is null)
            throw NotLetIn(null, "its certificate was not looked at");
        // A name counts where somebody vouches for it.
        (_subject, _issuer) = verdict?.Verification is not null ? (subject, issuer) : (null, null);
        _leg = inner.Leg with { Protection = LegProtection.Tls, Verification = verdict?.Verification ?? "client not verified" };
        _settings.Opening?.CheckProtocol(tls.NegotiatedApplicationProtocol, read.Length > 0);

        bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            (subject, issuer) = (certificate?.Subject, certificate?.Issuer);
            if (_settings.Clients is ClientCertificates.NotAsked)
                return true;
            if (certificate is null && _settings.Clients is ClientCertificates.Asked)
            {
                Redirected = _settings.Redirect is null ? null : "it showed no certificate";
                return true;
            }

            if (_settings.Trust.Identify is not null && certificate is X509Certificate2 shown)
                Shown = new(shown, chain);
            Verdict = verdict = _settings.Trust.Judge(certificate as X509Certificate2, chain, target: null);
            if (verdict.Refusal is null)
                return true;
            if (_settings.Redirect is null)
                return false;
            Redirected = verdict.Refusal;
            verdict = null;
            return true;
        }
    }

    private async ValueTask<TlsVerdict?> AskAsync(TlsVerdict verdict, string? subject, CancellationToken cancellationToken)
    {
        TlsVerdict asked = await _settings.Trust.AskAsync(verdict, cancellationToken).ConfigureAwait(false);
        if (asked.Refusal is null)
            return asked;
        if (_settings.Redirect is null)
            throw NotLetIn(subject, asked.Refusal);
        Redirected = asked.Refusal;
        return null;
    }

    private static IOException NotLetIn(string? subject, string reason, Exception? cause = null) =>
        new($"the client{(subject is null ? string.Empty : $" {Printable.Text(subject)}")} is not let in: {reason}", cause);
}
