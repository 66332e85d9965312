using System.Security.Cryptography;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared.Certificates;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What has to answer at the far end of a tunnel before it is opened.</summary>
public sealed class ExpectationTests(ITestOutputHelper output) : RunTest(output)
{
    [AditFact]
    public async Task A_tunnel_to_postgres_opens_where_postgres_is_expected()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, postgres.Port, "--expect", "postgres");
        var bySocket = await OpenTunnelAsync(files, postgres.SocketPath, "--expect=postgres");

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", bySocket.Port, PostgresPeer.TrustedUser, "select 1"));
    }

    [AditFact]
    public async Task An_ssh_server_in_the_place_of_postgres_is_named()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"{port}:127.0.0.1:{sshd.Port}", "--expect", "postgres", SshClientFiles.Alias);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains($"127.0.0.1:{sshd.Port} is not PostgreSQL, which is expected there: an SSH server answered: \"SSH-2.0-OpenSSH", adit.Error.Text, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_run_of_psql_looks_first_unless_it_is_told_not_to()
    {
        var sshd = await StartSshdAsync();
        await using var other = TcpService.Banner("220 mail\r\n");
        using var files = await SshClientFiles.CreateAsync(sshd);
        string[] Arguments(params string[] options) => ["psql", "-F", files.ConfigPath, .. options, "-L", Target(other.Port), SshClientFiles.Alias, "-c", "select 1"];

        var refused = await StartAditAsync(Arguments());
        var told = await StartAditAsync(Arguments("--expect", "none"));

        Assert.Equal(ConnectionFailed, await refused.ExitAsync());
        Assert.Contains("something else answered: \"220 mail\"", refused.Error.Text, StringComparison.Ordinal);
        Assert.NotEqual(ConnectionFailed, await told.ExitAsync());
    }

    [AditFact]
    public async Task The_certificate_of_postgres_is_held_to_the_one_that_was_written()
    {
        using var certificate = TestAuthority.SelfSigned("CN=db");
        var postgres = Own(await PostgresPeer.StartAsync(new() { Ssl = (certificate.Pem, certificate.KeyPem) }));
        var plain = await PostgresPeer.SharedAsync();
        var right = "sha256:" + certificate.GetCertHashString(HashAlgorithmName.SHA256);
        var wrong = "sha256:" + new string('0', 64);
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        Task<ChildProcess> FailAsync(int target, string expected) =>
            StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"{LoopbackPort.Free()}:127.0.0.1:{target}", "--expect-cert", expected, SshClientFiles.Alias);

        var tunnel = await OpenTunnelAsync(files, postgres.Port, "--expect-cert", right);
        var other = await FailAsync(postgres.Port, wrong);
        var none = await FailAsync(plain.Port, right);

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal(ConnectionFailed, await other.ExitAsync());
        Assert.Contains($"its certificate is {right}, and {wrong} is expected", other.Error.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ConnectionFailed, await none.ExitAsync());
        Assert.Contains("it offers no TLS", none.Error.Text, StringComparison.Ordinal);
        // The look itself is nothing that its log would speak of.
        Assert.DoesNotContain("SSL connection", postgres.Log, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_forward_that_is_added_later_opens_only_where_postgres_answers()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        await using var other = TcpService.Banner("220 mail\r\n");
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("add");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = folder };
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, Target(postgres.Port), "--expect", "postgres")) { Environment = environment });
        await LoopbackPort.UntilListeningAsync(port, adit);
        Task<ChildProcess> AddAsync(int target) => StartAditAsync(new ChildProcessStart("", "add", SshClientFiles.Alias, "-L", $"0:{Target(target)}") { Environment = environment });

        var refused = await AddAsync(other.Port);
        var added = await AddAsync(postgres.Port);

        Assert.NotEqual(0, await refused.ExitAsync());
        Assert.Contains($"{Target(other.Port)} is not PostgreSQL, which is expected there: something else answered: \"220 mail\"", refused.Error.Text, StringComparison.Ordinal);
        Assert.Equal(0, await added.ExitAsync());
        var free = int.Parse(added.Output.Text, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", free, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal(new HashSet<int> { port, free }, LoopbackPort.ListenersOf(adit.Pid).ToHashSet());
        RunFolder.Remove(folder);
    }

    [AditFact]
    public async Task Over_a_connection_that_was_made_anew_postgres_has_to_answer_again()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        var folder = RunFolder.Create("swap");
        await using var other = TcpService.Banner("220 mail\r\n", Path.Combine(folder, "mail"));
        var target = Path.Combine(folder, "target");
        void Lead(string to)
        {
            File.Delete(target);
            File.CreateSymbolicLink(target, to);
        }

        Lead(postgres.SocketPath);
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, target, "--expect", "postgres");
        Lead(Path.Combine(folder, "mail"));
        sshd.KillConnections();
        await tunnel.Adit.ErrorAsync("connected to peer again");

        Assert.True(await IsTurnedAwayAsync(tunnel.Port));
        await tunnel.Adit.ErrorAsync("refused: .*it is not PostgreSQL, which is expected there: something else answered: \"220 mail\"");
        Lead(postgres.SocketPath);
        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        RunFolder.Remove(folder);
    }
}
