using System.Net;
using System.Net.Http.Headers;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>Puts questions to responders over HTTP (RFC 6960 appendix A). Safe for concurrent calls.</summary>
/// <param name="http">Sends requests; not owned.</param>
/// <param name="timeout">How long a responder may take to be reached and to answer.</param>
/// <param name="clock">Measures it.</param>
internal sealed class OcspClient(HttpMessageInvoker http, TimeSpan timeout, TimeProvider clock)
{
    private const int MaxAnswerBytes = 64 * 1024;
    private const int MaxHeaderKibibytes = 8;
    private const int MostConnections = 16;

    // One for the process, so that services that are replaced leave none behind. Answers are signed, so nothing else is relied on: no
    // redirects, which would lead where nobody has named anything, no cookies, no proxies that the environment names.
    private static readonly Lazy<HttpMessageInvoker> Shared = new(static () => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        Credentials = null,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = MaxHeaderKibibytes,
        MaxConnectionsPerServer = MostConnections,
        MaxResponseDrainSize = 0,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ActivityHeadersPropagator = null,
    }));

    /// <summary>One that uses the process's connections.</summary>
    public OcspClient(TimeSpan timeout)
        : this(Shared.Value, timeout, TimeProvider.System)
    {
    }

    /// <summary>Asks.</summary>
    /// <param name="responder">Whom.</param>
    /// <param name="question">What.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer, not yet looked at.</returns>
    /// <exception cref="OcspException">There is none.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(Uri responder, OcspQuestion question, CancellationToken cancellationToken)
    {
        if (responder.Scheme != Uri.UriSchemeHttp)
            throw new OcspException("cannot be asked: answers are signed, and fetched by http:// alone");
        using var deadline = new Deadline(timeout, clock, cancellationToken);
        try
        {
            return await FetchAsync(responder, question, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OcspException($"did not answer within {timeout.TotalSeconds:0.###} s (see TIMEOUTocsp)", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new OcspException($"cannot be asked: {Printable.Text(e.GetBaseException().Message)}", e);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> FetchAsync(Uri responder, OcspQuestion question, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, responder) { Content = new ByteArrayContent(question.Encoded) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
        using HttpResponseMessage response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is not HttpStatusCode.OK)
            throw new OcspException($"answered HTTP {(int)response.StatusCode}");
        byte[] answer = new byte[MaxAnswerBytes + 1];
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            int length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return length <= MaxAnswerBytes ? answer.AsMemory(0, length) : throw new OcspException($"answered more than {MaxAnswerBytes / 1024} KiB");
        }
    }
}
