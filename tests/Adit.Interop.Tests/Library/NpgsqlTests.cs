using System.Globalization;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared.Certificates;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Library;

/// <summary>Npgsql through tunnels of this process, against a real sshd and a real PostgreSQL.</summary>
public sealed class NpgsqlTests(ITestOutputHelper output) : PeerTest(output)
{
    private static readonly Lazy<Task<(PostgresPeer Postgres, string Authority)>> Secure = new(StartSecureAsync);

    private SshdPeer _sshd = null!;
    private SshTunnelOptions _options = null!;

    [Fact]
    [Trait("Surface", "S0-1")]
    [Trait("Surface", "S0-13")]
    public async Task Fifty_connections_of_two_data_sources_share_one_login_and_no_port()
    {
        await StartAsync();
        PostgresPeer postgres = await PostgresPeer.SharedAsync();
        NpgsqlDataSource one = Build(postgres), two = Build(postgres, further: "Application Name=two");

        NpgsqlConnection[] open = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? one : two).OpenConnectionAsync().AsTask())).WithinAsync("all should connect", () => _sshd.Log);
        Assert.Equal(Enumerable.Range(0, 50), await Task.WhenAll(open.Select(static (connection, i) => AskAsync<int>(connection, $"select {i}"))));

        Assert.Equal(1, _sshd.Connections);
        foreach (NpgsqlConnection connection in open)
            await connection.DisposeAsync();
        string folder = FolderOf(one);
        await one.DisposeWithTunnelAsync();
        Assert.False(Directory.Exists(folder));
        Assert.Equal(1, _sshd.Connections);
        Assert.Equal(1, await AskAsync<int>(two, "select 1"));
        folder = FolderOf(two);
        await two.DisposeWithTunnelAsync();
        Assert.False(Directory.Exists(folder));
        await _sshd.UntilNoConnectionAsync();
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    [Trait("Surface", "S0-10")]
    public async Task Another_process_of_the_same_user_gets_no_session()
    {
        await StartAsync();
        PostgresPeer postgres = await PostgresPeer.SharedAsync();
        NpgsqlDataSource source = Own(Build(postgres));
        string folder = new NpgsqlConnectionStringBuilder(source.ConnectionString).Host!;

        await using ChildProcess psql = await ChildProcess.StartAsync(Psql.Start(folder, postgres.Port, PostgresPeer.TrustedUser, "select 1"));

        Assert.Equal(2, await psql.ExitAsync());
        Assert.Equal(0, _sshd.Connections);
        Assert.Equal(1, await AskAsync<int>(source, "select 1"));
    }

    [Fact]
    public async Task A_query_can_be_cancelled_and_its_connection_is_of_use_afterwards()
    {
        await StartAsync();
        NpgsqlDataSource source = Own(Build(await PostgresPeer.SharedAsync()));
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        int backend = await AskAsync<int>(connection, "select pg_backend_pid()");
        await using var sleep = new NpgsqlCommand("select pg_sleep(600)", connection);
        using var stop = new CancellationTokenSource();
        Task sleeping = sleep.ExecuteNonQueryAsync(stop.Token);
        await using (NpgsqlConnection watcher = await source.OpenConnectionAsync())
        {
            while (!await AskAsync<bool>(watcher, $"select exists (select from pg_stat_activity where pid = {backend} and wait_event = 'PgSleep')"))
                await Task.Yield();
        }

        await stop.CancelAsync();

        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping.WithinAsync("the query should end"));
        Assert.Equal("57014", Assert.IsType<PostgresException>(e.InnerException).SqlState);
        Assert.Equal(backend, await AskAsync<int>(connection, "select pg_backend_pid()"));
    }

    [Fact]
    public async Task The_pool_gets_over_a_restart_of_sshd()
    {
        await StartAsync();
        PostgresPeer postgres = await PostgresPeer.SharedAsync();
        NpgsqlDataSource source = Own(Build(postgres));
        await using (NpgsqlConnection held = await source.OpenConnectionAsync())
        {
            Assert.Equal(1, await AskAsync<int>(held, "select 1"));
            int port = _sshd.Port;
            // The port is taken for the time between, so that nobody else gets it.
            await _sshd.KillAsync();
            _sshd.KillConnections();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync<int>(held, "select 1").WithinAsync("the connection should break"));
            _sshd = await StartSshdAsync(new() { Port = port });
        }

        Assert.Equal(2, await AskAsync<int>(source, "select 2").WithinAsync("the pool should connect again", () => _sshd.Log));
        Assert.Equal(1, _sshd.Connections);
    }

    [Fact]
    [Trait("Surface", "S4-8")]
    public async Task Verify_full_checks_the_certificate_for_the_name_in_the_connection_string()
    {
        await StartAsync();
        (PostgresPeer postgres, string authority) = await Secure.Value;
        string verify = $"SSL Mode=VerifyFull;Root Certificate={authority}";

        Assert.True(await AskAsync<bool>(Own(Build(postgres, "localhost", verify)), "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
        NpgsqlDataSource wrong = Own(Build(postgres, "127.0.0.1", verify));
        NpgsqlException e = await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync<int>(wrong, "select 1"));
        Assert.IsType<AuthenticationException>(e.InnerException);
        // It is the name alone that was wrong.
        NpgsqlDataSource nameless = Own(Build(postgres, "127.0.0.1", $"SSL Mode=VerifyCA;Root Certificate={authority}"));
        Assert.Equal(1, await AskAsync<int>(nameless, "select 1"));
    }

    [Fact]
    [Trait("Surface", "S4-5")]
    [Trait("Surface", "S4-10")]
    public async Task Without_tls_in_the_tunnel_the_server_says_so()
    {
        await StartAsync();
        (PostgresPeer postgres, _) = await Secure.Value;
        Assert.False(await AskAsync<bool>(Own(Build(postgres, further: "SSL Mode=Disable")), "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
        Assert.True(await AskAsync<bool>(Own(Build(postgres, further: "SSL Mode=Require")), "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_answers_is_used()
    {
        await StartAsync();
        PostgresPeer postgres = await PostgresPeer.SharedAsync();
        string hosts = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Free()},127.0.0.1:{postgres.Port}");
        NpgsqlDataSource source = Own(Build(postgres, hosts, "Target Session Attributes=primary"));
        Assert.Equal(postgres.Port, await AskAsync<int>(source, "select inet_server_port()"));
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_host_that_the_server_cannot_reach_is_the_reason_that_npgsql_gives()
    {
        await StartAsync();
        int nobody = LoopbackPort.Free();
        NpgsqlDataSource source = Own(Build(await PostgresPeer.SharedAsync(), string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{nobody}")));
        PostgresException e = await Assert.ThrowsAsync<PostgresException>(() => AskAsync<int>(source, "select 1"));
        Assert.Equal("08001", e.SqlState);
        Assert.Contains($"cannot connect to 127.0.0.1:{nobody}: connect failed on peer", e.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S4-4")]
    public async Task A_host_that_is_a_folder_is_the_socket_in_it_on_the_server()
    {
        await StartAsync();
        PostgresPeer postgres = await PostgresPeer.SharedAsync();
        NpgsqlDataSource source = Own(Build(postgres, postgres.SocketFolder));
        Assert.True(await AskAsync<bool>(source, "select inet_server_addr() is null"));
    }

    [Fact]
    public async Task Entity_framework_works_over_it()
    {
        await StartAsync();
        NpgsqlDataSource source = Own(Build(await PostgresPeer.SharedAsync(), further: "Database=ef_through_adit"));
        await using var context = new Mine(new DbContextOptionsBuilder<Mine>().UseNpgsql(source).Options);
        await context.Database.EnsureCreatedAsync();
        context.Add(new Gallery { Name = "deep" });
        await context.SaveChangesAsync();
        Assert.Equal("deep", (await context.Galleries.SingleAsync()).Name);
        Assert.Equal(1, _sshd.Connections);
    }

    [Fact]
    [Trait("Surface", "S0-12")]
    public async Task A_stream_of_the_library_carries_bytes_both_ways_with_half_close()
    {
        await StartAsync();
        await using TcpService echo = TcpService.Echo();
        await using SshTunnel tunnel = await SshTunnel.OpenAsync(SshClientFiles.Alias, _options);
        await using TunnelStream stream = await tunnel.ConnectAsync("localhost", echo.Port);
        byte[] sent = RandomNumberGenerator.GetBytes(3_000_000);
        using var received = new MemoryStream();
        Task reading = stream.CopyToAsync(received);
        await stream.WriteAsync(sent);
        await stream.CompleteWritesAsync();
        await reading.WithinAsync("the echo should end");
        Assert.Equal(sent, received.ToArray());
    }

    private async Task StartAsync()
    {
        _sshd = await StartSshdAsync();
        SshClientFiles files = await SshClientFiles.CreateAsync(_sshd);
        Own(new Files(files));
        _options = new() { ConfigFile = files.ConfigPath };
    }

    private NpgsqlDataSource Build(PostgresPeer postgres, string host = "127.0.0.1", string further = "")
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"Host={host};Port={postgres.Port};Username={PostgresPeer.TrustedUser};Database=postgres;Timeout=30;{further}");
        return new NpgsqlDataSourceBuilder(text).UseAdit(SshClientFiles.Alias, _options).Build();
    }

    private NpgsqlDataSource Own(NpgsqlDataSource source)
    {
        Own(new Source(source));
        return source;
    }

    private static string FolderOf(NpgsqlDataSource source) =>
        Path.GetDirectoryName(new NpgsqlConnectionStringBuilder(source.ConnectionString).Host!)!;

    private static async Task<T> AskAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        return await AskAsync<T>(connection, sql);
    }

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<(PostgresPeer Postgres, string Authority)> StartSecureAsync()
    {
        using var made = new TestAuthority();
        using X509Certificate2 certificate = made.Certificate("localhost");
        string authority = CertificatePem.WriteSecret(Path.Combine(RunFolder.Create("authority"), "root.crt"), made.Root.Pem);
        PostgresPeer postgres = await PostgresPeer.StartAsync(new() { Ssl = (certificate.Pem, certificate.KeyPem) });
        return (postgres, authority);
    }

    private sealed class Mine(DbContextOptions<Mine> options) : DbContext(options)
    {
        public DbSet<Gallery> Galleries => Set<Gallery>();
    }

    private sealed class Gallery
    {
        public int Id { get; set; }

        public required string Name { get; set; }
    }

    private sealed class Files(SshClientFiles files) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            files.Dispose();
            return default;
        }
    }

    private sealed class Source(NpgsqlDataSource source) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => source.DisposeWithTunnelAsync();
    }
}
