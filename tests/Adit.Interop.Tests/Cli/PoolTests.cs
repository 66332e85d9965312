using System.Globalization;
using Adit.Interop.Tests.Peers;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Fifty connections to PostgreSQL at once, as a pool makes them: all of them through one login, each with its own answers.</summary>
[Trait("Surface", "S3-27")]
public sealed class PoolTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const int Size = 50;

    [AditTheory]
    [MemberData(nameof(Servers))]
    public async Task Fifty_psql_are_connected_at_once_and_each_gets_its_own_answer(string kind)
    {
        await using var gate = await GateAsync($"pool_psql_{kind}");
        var (server, adit, port) = await OpenAsync(kind);
        await gate.CloseAsync();

        var all = Task.WhenAll(Enumerable.Range(0, Size).Select(i =>
            Psql.RunAsync("127.0.0.1", port, PostgresPeer.TrustedUser, $"select 'answer {i}' where not exists (select from {DatabaseGate.Table})", gate.Database)));
        await gate.UntilHeldUpAsync(Size, all);
        AssertCarries(adit, server, port);
        await gate.OpenAsync();

        Assert.Equal(Enumerable.Range(0, Size).Select(static i => $"answer {i}"), await all.WithinAsync("all should be answered", () => adit.Log));
        await UntilLeftAsync(gate, adit, server);
    }

    [AditTheory]
    [MemberData(nameof(Servers))]
    public async Task Fifty_clients_of_pgbench_are_connected_at_once_and_their_books_balance(string kind)
    {
        await using var gate = await GateAsync($"pool_pgbench_{kind}");
        var (server, adit, port) = await OpenAsync(kind);
        await PgBench.FillAsync(port, gate.Database);
        await gate.CloseAsync("pgbench_accounts");

        var bench = PgBench.TransactAsync(port, gate.Database, Size, transactions: 20);
        await gate.UntilHeldUpAsync(Size, bench);
        AssertCarries(adit, server, port);
        await gate.OpenAsync();

        Assert.Contains("number of transactions actually processed: 1000/1000", await bench.WithinAsync("pgbench should end", () => adit.Log), StringComparison.Ordinal);
        Assert.Equal(1000L, await gate.AskAsync("select count(*) from pgbench_history"));
        Assert.Equal(true, await gate.AskAsync("""
            select sum(delta) = (select sum(abalance) from pgbench_accounts) and sum(delta) = (select sum(tbalance) from pgbench_tellers)
                and sum(delta) = (select sum(bbalance) from pgbench_branches) from pgbench_history
            """));
        await UntilLeftAsync(gate, adit, server);
    }

    [AditTheory]
    [MemberData(nameof(Servers))]
    public async Task A_pool_of_fifty_of_entity_framework_works_through_the_command(string kind)
    {
        await using var gate = await GateAsync($"pool_command_{kind}");
        var (server, adit, port) = await OpenAsync(kind, "--admit", string.Create(CultureInfo.InvariantCulture, $"pid:{Environment.ProcessId}"));
        await using (var source = Builder(gate, port).Build())
            await UseAsync(source, gate, () => AssertCarries(adit, server, port));
        await UntilLeftAsync(gate, adit, server);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S0-1")]
    public async Task A_pool_of_fifty_of_entity_framework_works_through_the_library(string kind)
    {
        await using var gate = await GateAsync($"pool_library_{kind}");
        var server = await StartServerAsync(kind);
        var source = Builder(gate, (await PostgresPeer.SharedAsync()).Port).UseAdit(SshClientFiles.Alias, new() { ConfigFile = server.Client.ConfigPath }).Build();
        await UseAsync(source, gate, () => Assert.Equal(1, Logins(Environment.ProcessId, server)));
        await source.DisposeWithTunnelAsync();
        await gate.UntilLeftAsync();
        await Patience.UntilAsync(() => Logins(Environment.ProcessId, server) == 0, "the login should end with its last data source", () => server.Log);
    }

    private static async Task UseAsync(NpgsqlDataSource source, DatabaseGate gate, Action whileFull)
    {
        var options = new DbContextOptionsBuilder<Mine>().UseNpgsql(source).Options;
        await using (var context = new Mine(options))
            await context.Database.ExecuteSqlRawAsync(context.Database.GenerateCreateScript());
        await gate.CloseAsync();

        var all = Task.WhenAll(Enumerable.Range(0, Size).Select(AddAsync));
        await gate.UntilHeldUpAsync(Size, all);
        whileFull();
        await gate.OpenAsync();

        Assert.Equal(Size, (await all.WithinAsync("all should be done")).Distinct().Count());
        var names = await Task.WhenAll(Enumerable.Range(0, Size).Select(FindAsync)).WithinAsync("all should be found");
        Assert.Equal(Enumerable.Range(0, Size).Select(Name), names);

        async Task<int> AddAsync(int number)
        {
            await using var context = new Mine(options);
            await using var transaction = await context.Database.BeginTransactionAsync();
            context.Add(new Gallery { Id = number, Name = Name(number) });
            await context.SaveChangesAsync();
            await context.Database.ExecuteSqlRawAsync($"select from {DatabaseGate.Table}");
            var backend = await context.Database.SqlQuery<int>($"select pg_backend_pid() as \"Value\"").SingleAsync();
            await transaction.CommitAsync();
            return backend;
        }

        async Task<string> FindAsync(int number)
        {
            await using var context = new Mine(options);
            return (await context.Galleries.SingleAsync(gallery => gallery.Id == number)).Name;
        }
    }

    // More than fits one packet, so that rows of several connections are on their way at once.
    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{number}:{new string((char)('a' + (number % 26)), 200_000)}");

    private static NpgsqlDataSourceBuilder Builder(DatabaseGate gate, int port) => new(string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Username={PostgresPeer.TrustedUser};Database={gate.Database};Timeout=30;Maximum Pool Size={Size}"));

    private static async Task<DatabaseGate> GateAsync(string database) => await DatabaseGate.CreateAsync(await PostgresPeer.SharedAsync(), database);

    private async Task<(ServerPeer Server, ChildProcess Adit, int Port)> OpenAsync(string kind, params IReadOnlyList<string> options)
    {
        var server = await StartServerAsync(kind);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, ["-L", $"{port}:127.0.0.1:{(await PostgresPeer.SharedAsync()).Port}", .. options]);
        await LoopbackPort.UntilListeningAsync(port, adit);
        return (server, adit, port);
    }

    private static void AssertCarries(ChildProcess adit, ServerPeer server, int port)
    {
        Assert.Equal(1, Logins(adit.Pid, server));
        Assert.Equal(Size + 1, LoopbackPort.ConnectionsOf(adit.Pid).Count);
        Assert.Equal(adit.Pid, LoopbackPort.Listener(port).Pid);
    }

    private static int Logins(int pid, ServerPeer server) => LoopbackPort.ConnectionsOf(pid).Count(far => far.Port == server.Port);

    // The login stays, and carries nothing any more.
    private static async Task UntilLeftAsync(DatabaseGate gate, ChildProcess adit, ServerPeer server)
    {
        await gate.UntilLeftAsync();
        await Patience.UntilAsync(() => LoopbackPort.ConnectionsOf(adit.Pid).Count == 1, "all connections should be gone", () => adit.Log);
        Assert.Equal(1, Logins(adit.Pid, server));
        await EndAsync(adit);
    }

    private sealed class Mine(DbContextOptions<Mine> options) : DbContext(options)
    {
        public DbSet<Gallery> Galleries => Set<Gallery>();
    }

    private sealed class Gallery
    {
        [System.ComponentModel.DataAnnotations.Schema.DatabaseGenerated(System.ComponentModel.DataAnnotations.Schema.DatabaseGeneratedOption.None)]
        public int Id { get; set; }

        public required string Name { get; set; }
    }
}
