using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>Openssl's responder, asked by adit and by stunnel.</summary>
public sealed class OcspTests(ITestOutputHelper output) : TlsTest(output)
{
    [AditTheory]
    [InlineData(true, "good", null)]
    [InlineData(true, "revoked", "the certificate of CN=localhost is revoked since 2025-03-04 05:06:07Z")]
    [InlineData(true, "unknown", "does not know this certificate")]
    [InlineData(false, "good", null)]
    [InlineData(false, "revoked", "revoked")]
    [InlineData(false, "unknown", "unknown|OCSP")]
    public async Task A_responder_decides_on_a_server(bool isAdit, string status, string? said)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        var certificate = Authority.Issue("localhost");
        await StartStunnelAsync(Server(far, echo.Port, certificate), far);
        var responder = await StartResponderAsync(Authority.SignerFile(), status, certificate);
        var client = await StartAsync(isAdit, Client(near, far, $"{Verifies("localhost")}OCSP = {responder}"), near);

        Assert.Equal(said is null, await EchoesAsync(near));

        if (said is not null)
            await client.ErrorAsync(said);
    }

    [AditTheory]
    [InlineData("good", true)]
    [InlineData("revoked", false)]
    public async Task A_responder_that_a_certificate_names_decides_on_a_client(string status, bool isLetIn)
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var port = LoopbackPort.Free();
        var access = new X509AuthorityInformationAccessExtension([string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")], []);
        var shown = Authority.Issue("joe", more: [access]);
        await StartResponderAsync(Authority.SignerFile(), status, shown, port);
        var adit = await StartTlsAsync(Server(far, echo.Port, Authority.Issue("localhost"), $"{Verifies()}OCSPaia = yes\nOCSPnonce = yes"), far);

        if (isLetIn)
        {
            await using var tls = await ConnectTlsAsync(far, certificate: shown);
            await EchoAsync(tls);
        }
        else
        {
            Assert.DoesNotContain("hello", await SClientAsync(far, "hello\n", "-quiet", "-cert", shown), StringComparison.Ordinal);
            await adit.ErrorAsync(@"\[server\] connection from .* refused: the client CN=joe is not let in: the certificate of CN=joe is revoked since 2025-03-04");
        }
    }

    [AditTheory]
    [InlineData("delegate", null)]
    [InlineData("no delegate", "signed as CN=responder.example, which its authority has not made a responder")]
    [InlineData("stranger", "answered with a wrong signature|answered without the certificate of who signed|from another authority")]
    public async Task Only_who_may_answer_is_believed(string kind, string? said)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        var certificate = Authority.Issue("localhost");
        await StartStunnelAsync(Server(far, echo.Port, certificate), far);
        var signer = kind switch
        {
            "delegate" => Authority.Issue("responder.example", more: [new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.9")], false)]),
            "no delegate" => Authority.Issue("responder.example"),
            _ => new AuthorityFolder("strangers").SignerFile(),
        };
        var responder = await StartResponderAsync(signer, "good", certificate);
        var adit = await StartTlsAsync(Client(near, far, $"{Verifies("localhost")}OCSP = {responder}"), near);

        Assert.Equal(said is null, await EchoesAsync(near));

        if (said is not null)
            await adit.ErrorAsync($"whether the certificate of CN=localhost is revoked is not known: {responder} .*({said})");
    }

    [AditTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_a_responder_OCSPrequire_decides(bool isRequired)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free(), nobody = LoopbackPort.Free();
        await StartStunnelAsync(Server(far, echo.Port, Authority.Issue("localhost")), far);
        var adit = await StartTlsAsync(
            Client(near, far, $"{Verifies("localhost")}OCSP = http://127.0.0.1:{nobody}/{(isRequired ? "" : "\nOCSPrequire = no")}"), near);

        Assert.Equal(!isRequired, await EchoesAsync(near));

        if (isRequired)
            await adit.ErrorAsync("is revoked is not known: http://127.0.0.1:[0-9]+/ cannot be asked: Connection refused");
    }

    [AditFact]
    public async Task An_answer_that_holds_outlives_its_responder()
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free(), port = LoopbackPort.Free();
        var certificate = Authority.Issue("localhost");
        await StartStunnelAsync(Server(far, echo.Port, certificate), far);
        var responder = await StartResponderAsync(Authority.SignerFile(), "good", certificate, port, "-nmin", "10", "-nrequest", "1");
        await StartTlsAsync(Client(near, far, $"{Verifies("localhost")}OCSP = {responder}"), near);
        Assert.True(await EchoesAsync(near));

        await LoopbackPort.UntilClosedAsync(port);

        Assert.True(await EchoesAsync(near));
    }

    private async Task<string> StartResponderAsync(string signer, string status, string certificate, int? at = null, params IReadOnlyList<string> more)
    {
        var port = at ?? LoopbackPort.Free();
        var index = Authority.Index(status == "good" ? [certificate] : [], status == "revoked" ? [certificate] : []);
        var responder = Own(await ChildProcess.StartAsync(new(
            "openssl", ["ocsp", "-index", index, "-CA", Authority.CaFile, "-rsigner", signer, "-port", port.ToString(CultureInfo.InvariantCulture), .. more])));
        // It may listen with IPv6 for both.
        await LoopbackPort.UntilListeningAsync(port, responder);
        return string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
    }
}
