using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>Whom adit does not speak with, and what it says of it.</summary>
public sealed class TlsVerificationTests(ITestOutputHelper output) : TlsTest(output)
{
    [AditTheory]
    [InlineData("right", null)]
    [InlineData("address", null)]
    [InlineData("expired", "its certificate expired on ")]
    [InlineData("wrong name", @"its certificate is not for localhost, but for other\.example")]
    [InlineData("wrong authority", @"its certificate, from CN=strangers, is not from /")]
    [InlineData("revoked", "its certificate was revoked|its certificate is revoked|has been revoked|revoked")]
    public async Task A_server_is_refused_with_the_reason(string kind, string? reason)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        var certificate = kind switch
        {
            "expired" => Authority.Issue("localhost", DateTimeOffset.UtcNow.AddHours(-2)),
            "wrong name" => Authority.Issue("other.example"),
            "wrong authority" => new AuthorityFolder("strangers").Issue("localhost"),
            "address" => Authority.Issue("127.0.0.1"),
            _ => Authority.Issue("localhost"),
        };
        await StartStunnelAsync(Server(far, echo.Port, certificate), far);
        var crl = Authority.Revoke(kind == "revoked" ? [certificate] : []);
        var check = kind == "address" ? "checkIP = 127.0.0.1" : "checkHost = localhost";
        var adit = await StartTlsAsync(Client(near, far, $"{Verifies()}{check}\nCRLfile = {crl}"), near);

        Assert.Equal(reason is null, await EchoesAsync(near));

        if (reason is not null)
            await adit.ErrorAsync($@"adit: \[client\] connection from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:{far} refused: .*cannot connect to .*({reason})");
    }

    [AditTheory]
    [InlineData("none", "it showed no certificate")]
    [InlineData("wrong authority", "its certificate, from CN=strangers, is not from /")]
    [InlineData("revoked", "revoked")]
    public async Task A_client_is_refused_with_the_reason_and_others_are_served(string kind, string reason)
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var revoked = Authority.Issue("joe");
        var adit = await StartTlsAsync(Server(far, echo.Port, Authority.Issue("localhost"), $"{Verifies()}CRLfile = {Authority.Revoke(revoked)}"), far);
        await using var served = await ConnectTlsAsync(far, certificate: Authority.Issue("ann"));
        string[] shown = kind switch
        {
            "none" => [],
            "revoked" => ["-cert", revoked],
            _ => ["-cert", new AuthorityFolder("strangers").Issue("joe")],
        };

        var said = await SClientAsync(far, "hello\n", ["-quiet", .. shown]);

        Assert.DoesNotContain("hello", said, StringComparison.Ordinal);
        await adit.ErrorAsync($@"\[server\] connection from .* refused: the client.* is not let in: .*{reason}");
        await EchoAsync(served);
    }

    [AditFact]
    [Trait("Surface", "S3-13")]
    public async Task A_client_that_verifies_nothing_has_to_be_asked_for_and_is_warned_of_aloud()
    {
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        Assert.Contains("[client] would speak with any server whatever; write verifyChain = yes", await FailAsync(Client(near, far, "")), StringComparison.Ordinal);

        var adit = await StartTlsAsync("debug = emerg\n" + Client(near, far, "AditInsecure = yes"), near);

        await adit.ErrorAsync(@"adit: WARNING: \[client\] does not verify the server: whoever is on the way to 127\.0\.0\.1:\d+ can read and change everything");
    }

    [AditTheory]
    [InlineData("other key", "this is not a certificate with its key")]
    [InlineData("readable", "others may read or change the key in it; run: chmod 600")]
    [InlineData("missing", "there is no such file")]
    [InlineData("garbage", "this is not a certificate with its key")]
    [Trait("Surface", "S3-21")]
    public async Task A_certificate_that_cannot_be_shown_ends_the_command(string kind, string reason)
    {
        var certificate = Authority.Issue("localhost");
        var options = "";
        switch (kind)
        {
            case "other key":
                options = $"key = {Authority.Issue("other")}";
                break;
            case "readable":
                File.SetUnixFileMode(certificate, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
                break;
            case "missing":
                certificate = Path.Combine(Folder, "nowhere.pem");
                break;
            default:
                await File.WriteAllTextAsync(certificate, "-----BEGIN nonsense");
                break;
        }

        var said = await FailAsync(Server(LoopbackPort.Free(), 1, certificate, options));

        Assert.StartsWith($"adit: [server]: {certificate}", said, StringComparison.Ordinal);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    [AditTheory]
    [InlineData("smtp", "220 mail ready\r\n")]
    [InlineData("imap", "* OK IMAP4rev1 ready\r\n")]
    [InlineData("pop3", "+OK ready\r\n")]
    [InlineData("postgres", "")]
    public async Task What_a_protocol_says_before_TLS_is_said_as_openssl_expects_it(string protocol, string greeting)
    {
        await using var target = TcpService.Banner(greeting);
        var far = LoopbackPort.Free();
        await StartTlsAsync(Server(far, target.Port, Authority.Issue("localhost"), $"protocol = {(protocol == "postgres" ? "pgsql" : protocol)}"), far);

        var said = await SClientAsync(far, "", "-starttls", protocol, "-CAfile", Authority.CaFile, "-verify_hostname", "localhost");

        Assert.Contains("Verify return code: 0 (ok)", said, StringComparison.Ordinal);
    }

    [AditTheory]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    [InlineData("-tls1_2", false)]
    [Trait("Surface", "S3-19")]
    public async Task A_session_is_resumed_unless_the_file_says_no(string version, bool resumes)
    {
        await using var target = TcpService.Banner("ready");
        var far = LoopbackPort.Free();
        await StartTlsAsync(Server(far, target.Port, Authority.Issue("localhost"), resumes ? "" : "sessionResume = no"), far);
        var session = Path.Combine(Folder, "session");

        var first = await SClientAsync(far, "", version, "-ign_eof", "-sess_out", session);
        Assert.Contains("New, TLSv1", first, StringComparison.Ordinal);
        if (!File.Exists(session))
        {
            Assert.False(resumes);
            return;
        }

        var second = await SClientAsync(far, "", version, "-ign_eof", "-sess_in", session);
        Assert.Contains(resumes ? "Reused, TLSv1" : "New, TLSv1", second, StringComparison.Ordinal);
    }
}
