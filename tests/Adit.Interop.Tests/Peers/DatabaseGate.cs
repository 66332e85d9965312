using System.Globalization;
using Npgsql;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// A database of one test, and a lock on one of its tables that holds up whoever comes: as many as wait for it at a moment are all
/// connected at that moment. It looks and locks past all tunnels.
/// </summary>
internal sealed class DatabaseGate : IAsyncDisposable
{
    /// <summary>A table without rows, for those who want nothing but to wait.</summary>
    public const string Table = "gate";

    private readonly NpgsqlDataSource _direct;
    private NpgsqlConnection? _holder;

    private DatabaseGate(NpgsqlDataSource direct, string database) => (_direct, Database) = (direct, database);

    public string Database { get; }

    /// <summary>Makes the database. Everything goes through as yet.</summary>
    public static async Task<DatabaseGate> CreateAsync(PostgresPeer postgres, string database)
    {
        await Psql.RunAsync(postgres.SocketFolder, postgres.Port, PostgresPeer.TrustedUser, $"create database {database}");
        var text = string.Create(CultureInfo.InvariantCulture, $"Host={postgres.SocketFolder};Port={postgres.Port};Username={PostgresPeer.TrustedUser};Database={database};Application Name={Table}");
        var gate = new DatabaseGate(NpgsqlDataSource.Create(text), database);
        await gate.AskAsync($"create table {Table} ()");
        return gate;
    }

    /// <summary>Holds up whoever touches a table from now on.</summary>
    public async Task CloseAsync(string table = Table)
    {
        _holder = await _direct.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"begin; lock table {table} in access exclusive mode", _holder);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until this many are held up, unless what they do ends before.</summary>
    public Task UntilHeldUpAsync(int count, Task work) => UntilAsync(count, "wait_event_type = 'Lock'", work);

    /// <summary>Lets them all through.</summary>
    public async Task OpenAsync()
    {
        await _holder!.DisposeAsync();
        _holder = null;
    }

    /// <summary>Waits until nobody but the test itself is connected to the database.</summary>
    public Task UntilLeftAsync() => UntilAsync(0, "true", Task.Delay(Patience.Bound));

    /// <summary>The first field of the answer to a query.</summary>
    public async Task<object?> AskAsync(string sql)
    {
        await using var connection = await _direct.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
            await OpenAsync();
        await _direct.DisposeAsync();
    }

    private async Task UntilAsync(int count, string which, Task work)
    {
        long found;
        while ((found = (long)(await AskAsync($"select count(*) from pg_stat_activity where datname = current_database() and application_name <> '{Table}' and {which}"))!) != count)
            Assert.False(work.IsCompleted, $"{found} are there, and {count} were expected; {work.Exception?.Message}");
    }
}
