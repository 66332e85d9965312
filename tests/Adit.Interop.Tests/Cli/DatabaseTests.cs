using System.Globalization;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared.Certificates;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What PostgreSQL sees of those who come through a tunnel, and what they see of it.</summary>
public sealed class DatabaseTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string RealName = "db.foo.com";

    private static readonly Lazy<Task<(PostgresPeer Postgres, string Authority)>> Shared = new(StartAsync);

    [Theory]
    [InlineData("sshd")]
    [InlineData("gateway")]
    [Trait("Surface", "S3-2")]
    [Trait("Surface", "S3-25")]
    [Trait("Surface", "S3-27")]
    public async Task Psql_and_pgbench_behave_as_on_the_server(string kind)
    {
        var server = await StartServerAsync(kind);
        var (postgres, _) = await Shared.Value;
        var port = LoopbackPort.Free();
        // As in the book: the user stands before the host.
        var adit = await StartAditAsync("-F", server.Client.ConfigPath, "-N", "-L", $"{port}:localhost:{postgres.Port}", $"{TestUser.Name}@{SshClientFiles.Alias}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        var database = $"bench_cli_{kind}";

        await Psql.RunAsync("localhost", port, PostgresPeer.TrustedUser, $"create database {database}");
        Assert.Equal(database, await Psql.RunAsync("127.0.0.1", port, PostgresPeer.TrustedUser, "select current_database()", database));
        var report = await PgBench.RunAsync(port, database, clients: 4, transactions: 10);

        Assert.Contains("number of transactions actually processed: 40/40", report, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S4-1")]
    [Trait("Surface", "S1-4")]
    public async Task Psql_works_beside_the_shell_of_the_same_ssh()
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE");
        var (postgres, _) = await Shared.Value;
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", server.Client.ConfigPath, "-L", $"{port}:localhost:{postgres.Port}", $"{TestUser.Name}@{SshClientFiles.Alias}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("postgres", await Psql.RunAsync("localhost", port, PostgresPeer.TrustedUser, "select current_database()"));
        await adit.Input.WriteAsync("echo also here; exit 0\n");
        await adit.Input.FlushAsync();

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Contains("also here", adit.Output.Text, StringComparison.Ordinal);
        Assert.False(LoopbackPort.IsListening(port));
    }

    [Fact]
    [Trait("Surface", "S3-4")]
    [Trait("Surface", "S3-28")]
    public async Task Postgres_sees_the_ssh_server_and_not_the_client()
    {
        var sshd = await StartSshdAsync();
        var (postgres, _) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.Port);

        var seen = await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "set application_name = 'seen'; select inet_client_port()");

        await sshd.LoggedAsync("originator 127.0.0.1 port \\d+");
        var client = sshd.Messages.Lines.Select(static line => line.Split("originator 127.0.0.1 port ")).Where(static parts => parts.Length > 1).Select(static parts => parts[1].Split(',')[0]);
        Assert.DoesNotContain(seen, client);
    }

    [Fact]
    [Trait("Surface", "S4-11")]
    public async Task The_target_may_be_another_address_of_the_server_which_postgres_then_sees()
    {
        var sshd = await StartSshdAsync();
        var (postgres, _) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, $"127.0.0.2:{postgres.Port}");

        Assert.Equal("127.0.0.2", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select host(inet_server_addr())"));
    }

    [Fact]
    [Trait("Surface", "S4-4")]
    [Trait("Surface", "S3-26")]
    public async Task Through_the_socket_of_postgres_its_peer_rule_fits_the_user_who_logged_in()
    {
        var sshd = await StartSshdAsync();
        var (postgres, _) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.SocketPath);

        Assert.Equal($"{TestUser.Name}|", await Psql.RunAsync("127.0.0.1", tunnel.Port, TestUser.Name, "select current_user || '|' || coalesce(host(inet_client_addr()), '')"));
        await using var refused = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", tunnel.Port, "somebody_else", "select 1"));
        Assert.Equal(2, await refused.ExitAsync());
        Assert.Contains("Peer authentication failed", refused.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S3-26")]
    public async Task A_socket_here_that_is_called_as_postgres_calls_its_own_is_a_host_for_psql()
    {
        var server = await StartServerAsync("sshd");
        var (postgres, _) = await Shared.Value;
        var path = Path.Combine(server.Folder, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{postgres.Port}"));
        var adit = await StartTunnelAsync(server, "-L", $"{path}:{postgres.SocketPath}");
        await UntilListeningAsync(path, adit);

        Assert.Equal("1", await Psql.RunAsync(server.Folder, postgres.Port, PostgresPeer.TrustedUser, "select 1"));
    }

    [Theory]
    [InlineData("disable", "f")]
    [InlineData("require", "t")]
    [Trait("Surface", "S4-5")]
    [Trait("Surface", "S4-8")]
    [Trait("Surface", "S4-10")]
    public async Task Ssl_inside_the_tunnel_is_between_psql_and_postgres_alone(string mode, string ssl)
    {
        var sshd = await StartSshdAsync();
        var (postgres, _) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.Port);

        Assert.Equal(ssl, await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser,
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()", $"dbname=postgres sslmode={mode} gssencmode=disable"));
    }

    [Fact]
    [Trait("Surface", "S4-8")]
    public async Task Verify_full_wants_the_real_name_of_the_host()
    {
        var sshd = await StartSshdAsync();
        var (postgres, authority) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.Port);
        var verify = $"dbname=postgres sslmode=verify-full sslrootcert={authority} gssencmode=disable";

        Assert.Equal("1", await Psql.RunAsync(RealName, tunnel.Port, PostgresPeer.TrustedUser, "select 1", $"{verify} hostaddr=127.0.0.1"));
        await using var wrong = await ChildProcess.StartAsync(Psql.Start("localhost", tunnel.Port, PostgresPeer.TrustedUser, "select 1", verify));
        Assert.Equal(2, await wrong.ExitAsync());
        Assert.Contains($"\"{RealName}\" does not match host name \"localhost\"", wrong.Error.Text, StringComparison.Ordinal);
    }

    [RootFact]
    [Trait("Surface", "S4-9")]
    [Trait("Surface", "S3-7")]
    public async Task An_account_that_may_only_forward_is_enough()
    {
        await using var user = await PasswordUser.CreateAsync();
        var sshd = await StartSshdAsync(new() { Config = ["PasswordAuthentication yes", "PermitTTY no", "MaxSessions 0"], AuthorizedKeys = [] });
        var (postgres, _) = await Shared.Value;
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, $"localhost:{postgres.Port}", "-l", user.Name)) { Environment = files.Answer(user.Password) });
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", port, PostgresPeer.TrustedUser, "select 1"));
        await adit.DisposeAsync();
        await sshd.UntilNoConnectionAsync();
    }

    private static async Task<(PostgresPeer Postgres, string Authority)> StartAsync()
    {
        using var made = new TestAuthority();
        using var certificate = made.CertificateOf($"CN={RealName}");
        var authority = CertificatePem.WriteSecret(Path.Combine(RunFolder.Create("authority"), "root.crt"), made.Root.Pem);
        var postgres = await PostgresPeer.StartAsync(new()
        {
            Ssl = (certificate.Pem, certificate.KeyPem),
            ListenAddresses = "127.0.0.1,127.0.0.2",
            Access =
            [
                $"local all {TestUser.Name} peer",
                "local all somebody_else peer",
                $"host all {PostgresPeer.TrustedUser} 127.0.0.0/8 trust",
                $"host all {PostgresPeer.TrustedUser} ::1/128 trust",
            ],
        });
        if (TestUser.Name is not PostgresPeer.TrustedUser)
            await Psql.RunAsync("127.0.0.1", postgres.Port, PostgresPeer.TrustedUser, $"create role \"{TestUser.Name}\" login");
        await Psql.RunAsync("127.0.0.1", postgres.Port, PostgresPeer.TrustedUser, "create role somebody_else login");
        return (postgres, authority);
    }
}
