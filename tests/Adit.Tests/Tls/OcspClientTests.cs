using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Tests.Tls;

public sealed class OcspClientTests
{
    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "answered HTTP 302")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", "answered more than 64 KiB")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "answered more than 64 KiB")]
    [InlineData("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "answered HTTP 401")]
    [InlineData("SSH-2.0-Other\r\n", "cannot be asked: ")]
    public async Task A_responder_leads_nowhere_else_and_sends_no_more_than_an_answer_can_have(string head, string said)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using TestAuthority authority = new();
        using X509Certificate2 certificate = authority.Certificate("db");
        OcspQuestion question = OcspQuestion.Of(certificate, authority.Root, withNonce: false);
        var uri = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/ask"));
        Task<string> serving = ServeAsync(listener, question.Encoded.Length, head);

        OcspException refused = await Assert.ThrowsAsync<OcspException>(() => new OcspClient(TimeSpan.FromSeconds(30)).AskAsync(uri, question, default).AsTask().TestTime());

        Assert.StartsWith(said, refused.Message, StringComparison.Ordinal);
        string asked = await serving.TestTime();
        Assert.StartsWith("POST /ask HTTP/1.1\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/ocsp-request\r\n", asked, StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task Only_plain_http_is_spoken()
    {
        using TestAuthority authority = new();
        using X509Certificate2 certificate = authority.Certificate("db");
        OcspQuestion question = OcspQuestion.Of(certificate, authority.Root, withNonce: false);

        OcspException refused = await Assert.ThrowsAsync<OcspException>(
            () => new OcspClient(TimeSpan.FromSeconds(30)).AskAsync(new("https://127.0.0.1:1/"), question, default).AsTask());

        Assert.Contains("fetched by http:// alone", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<string> ServeAsync(TcpListener listener, int bodyLength, string head)
    {
        using Socket socket = await listener.AcceptSocketAsync();
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        string asked;
        do
        {
            length += await socket.ReceiveAsync(buffer.AsMemory(length));
            asked = Encoding.Latin1.GetString(buffer, 0, length);
        }
        while (!asked.Contains("\r\n\r\n", StringComparison.Ordinal) || length < asked.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4 + bodyLength);
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(head));
            // Without an end, where none is said.
            while (head.Contains("200 OK", StringComparison.Ordinal))
                await socket.SendAsync(new byte[4096]);
        }
        catch (SocketException)
        {
            // It has heard enough.
        }

        return asked;
    }
}
