using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Probe;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;

namespace Adit.Tests.Probe;

public sealed class PostgresProbeTests : IAsyncLifetime
{
    private static readonly byte[] Request = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private Task _serving = Task.CompletedTask;

    public PostgresProbeTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _listener.Dispose();
        await _serving.TestTime();
    }

    [Fact]
    public async Task A_server_without_TLS_that_says_no_is_PostgreSQL()
    {
        Answer("N"u8.ToArray());
        await CheckAsync(null).TestTime();
    }

    [Fact]
    public async Task A_server_that_offers_TLS_is_PostgreSQL_though_none_can_be_agreed()
    {
        Answer("S"u8.ToArray());
        await CheckAsync(null).TestTime();
    }

    [Fact]
    public async Task A_server_that_shows_the_expected_certificate_is_the_expected_one()
    {
        using X509Certificate2 certificate = TestAuthority.SelfSigned("CN=db");
        AnswerWithTls(certificate);
        await CheckAsync(FingerprintOf(certificate)).TestTime();
    }

    [Fact]
    public async Task Any_certificate_will_do_where_none_is_expected()
    {
        using X509Certificate2 certificate = TestAuthority.SelfSigned("CN=db");
        AnswerWithTls(certificate);
        await CheckAsync(null).TestTime();
    }

    [Fact]
    public async Task Another_certificate_is_refused_and_named()
    {
        using X509Certificate2 certificate = TestAuthority.SelfSigned("CN=db");
        AnswerWithTls(certificate);
        string expected = new('0', 64);
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => CheckAsync(expected)).TestTime();
        Assert.EndsWith($"its certificate is sha256:{FingerprintOf(certificate)}, and sha256:{expected} is expected", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offer_of_TLS_that_is_none_proves_no_certificate()
    {
        Answer("S"u8.ToArray());
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => CheckAsync(new string('0', 64))).TestTime();
        Assert.Contains("TLS could not be agreed", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("N", "it offers no TLS, so it has no certificate")]
    [InlineData("", "it closed the connection without an answer")]
    public async Task Without_TLS_no_certificate_is_the_expected_one(string answer, string why)
    {
        Answer(System.Text.Encoding.ASCII.GetBytes(answer));
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => CheckAsync(new string('0', 64))).TestTime();
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    // What stands behind the byte was sent by somebody who did not wait for TLS.
    [Theory]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("SE")]
    [InlineData("NN")]
    [InlineData("x")]
    public async Task What_says_anything_else_is_not_PostgreSQL(string answer)
    {
        Answer(System.Text.Encoding.ASCII.GetBytes(answer));
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => CheckAsync(null)).TestTime();
        Assert.Contains("is not PostgreSQL, which is expected there: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        var time = new ManualTimeProvider();
        Task<Socket> accepting = _listener.AcceptAsync();
        Task check = CheckAsync(null, time);
        using Socket silent = await accepting.TestTime();
        await silent.ReceiveAsync(new byte[Request.Length]).TestTime();
        time.Advance(PostgresProbe.Limit);
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => check).TestTime();
        Assert.EndsWith("nothing answered within 10 s", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_cannot_be_reached_says_so_itself()
    {
        Endpoint target = Target();
        _listener.Dispose();
        await Assert.ThrowsAsync<DialException>(() => new PostgresProbe(new TcpDialer(), TimeProvider.System).CheckAsync(target, null, default)).TestTime();
    }

    private static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));

    private Endpoint Target() => Endpoint.Tcp((IPEndPoint)_listener.LocalEndPoint!);

    private Task CheckAsync(string? fingerprint, TimeProvider? time = null) =>
        new PostgresProbe(new TcpDialer(), time ?? TimeProvider.System).CheckAsync(Target(), fingerprint, default);

    private void Answer(byte[] answer) => _serving = ServeAsync(async stream => await stream.WriteAsync(answer));

    private void AnswerWithTls(X509Certificate2 certificate) => _serving = ServeAsync(async stream =>
    {
        await stream.WriteAsync("S"u8.ToArray());
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            Assert.Equal(0, await tls.ReadAsync(new byte[1]));
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client did not want the certificate.
        }
    });

    private async Task ServeAsync(Func<NetworkStream, Task> answer)
    {
        Socket socket = await _listener.AcceptAsync();
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        byte[] request = new byte[Request.Length];
        await stream.ReadExactlyAsync(request);
        Assert.Equal(Request, request);
        await answer(stream);
    }
}
