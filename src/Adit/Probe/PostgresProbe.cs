using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Postgres;
using Adit.Relay;
using Adit.StartTls;
using Adit.Wording;

namespace Adit.Probe;

/// <summary>
/// Looks whether PostgreSQL answers at a target, before anything is told to it: asks for TLS (SSLRequest of its protocol 3), which it
/// answers with one byte, whoever asks. Where it offers TLS the handshake is made too, so that its log has nothing to say of the look.
/// </summary>
/// <param name="dialer">Reaches the target.</param>
/// <param name="time">The clock.</param>
internal sealed class PostgresProbe(IDialer dialer, TimeProvider time)
{
    private const int MostRead = 256;

    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);

    /// <summary>How long it may take together: 10 seconds.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Looks.</summary>
    /// <param name="target">Where.</param>
    /// <param name="fingerprint">The SHA-256 of the certificate that it has to show, in lower-case hexadecimal; null for any, or none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProbeException">Something else answers there, nothing does, or the certificate is another one.</exception>
    /// <exception cref="DialException">The target cannot be reached.</exception>
    internal async Task CheckAsync(Endpoint target, string? fingerprint, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(Limit, time, cancellationToken);
        try
        {
            DialedConnection dialed = await dialer.DialAsync(target, ConnectionOrigin.ThisProcess, deadline.Token).ConfigureAwait(false);
            var stream = new DuplexStream(dialed.Duplex);
            await using (stream.ConfigureAwait(false))
            {
                try
                {
                    await AskAsync(stream, target, fingerprint, deadline.Token).ConfigureAwait(false);
                }
                finally
                {
                    await EndAsync(stream, deadline.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Wrong(target, $"nothing answered within {Limit.TotalSeconds:0} s");
        }
        catch (IOException e) when (e is not (ProbeException or DialException))
        {
            throw Wrong(target, $"the connection broke: {Printable.Text(e.Message)}", e);
        }
    }

    private static async Task AskAsync(Stream stream, Endpoint target, string? fingerprint, CancellationToken cancellationToken)
    {
        byte[] request = new byte[PostgresRequest.HeadBytes];
        PostgresRequest.Tls.Write(request);
        await stream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[MostRead];
        int count = await stream.ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        switch (answer.AsSpan(0, count))
        {
            case [(byte)'S']:
                await HandshakeAsync(stream, target, fingerprint, cancellationToken).ConfigureAwait(false);
                break;
            case [(byte)'N'] when fingerprint is null:
                break;
            case [(byte)'N']:
                throw Wrong(target, $"it offers no TLS, so it has no certificate with sha256:{fingerprint}", isOther: false);
            case var other:
                throw Wrong(target, ServerGreeting.InWords(other));
        }
    }

    // It hears the end of the handshake, even if the tunnel is closed for what was found.
    private async Task EndAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(FarewellTime, time, cancellationToken);
        try
        {
            await stream.CompleteWritingAsync(deadline.Token).ConfigureAwait(false);
            byte[] rest = new byte[MostRead];
            while (await stream.ReadAsync(rest, deadline.Token).ConfigureAwait(false) > 0)
                deadline.Token.ThrowIfCancellationRequested();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It has ended already, or goes on as if nothing were.
        }
    }

    private static async Task HandshakeAsync(Stream stream, Endpoint target, string? fingerprint, CancellationToken cancellationToken)
    {
        string? shown = null;
        var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await using (tls.ConfigureAwait(false))
        {
            try
            {
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = target.Host ?? string.Empty,
                    AllowTlsResume = false,
                    CertificateChainPolicy = new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
                    RemoteCertificateValidationCallback = Look,
                }, cancellationToken).ConfigureAwait(false);
                await tls.ShutdownAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is AuthenticationException or IOException)
            {
                // That it offers TLS is what was asked, unless one certificate is expected: then only a whole handshake proves it.
                if (fingerprint is not null && (shown is null || shown == fingerprint))
                    throw Wrong(target, $"TLS could not be agreed with it: {Printable.Text(e.Message)}", e, isOther: false);
            }
        }

        if (fingerprint is not null && shown != fingerprint)
            throw Wrong(target, $"its certificate is sha256:{shown}, and sha256:{fingerprint} is expected", isOther: false);

        bool Look(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            shown = certificate is null ? null : Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
            return fingerprint is null || shown == fingerprint;
        }
    }

    private static ProbeException Wrong(Endpoint target, string what, Exception? cause = null, bool isOther = true) => new(
        target, isOther ? $"is not PostgreSQL, which is expected there: {what}" : $"is not the PostgreSQL that is expected there: {what}", cause);
}
