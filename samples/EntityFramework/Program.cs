// Entity Framework Core over a database that only an SSH server can reach. No port is opened on this machine.
//     dotnet run --project samples/EntityFramework -- joe@foo.com "Host=localhost;Database=mine;Username=joe"
using Microsoft.EntityFrameworkCore;
using Npgsql;

if (args is not [var destination, var connectionString])
{
    Console.Error.WriteLine("usage: EntityFramework [user@]server connection-string");
    return 2;
}

NpgsqlDataSource source = new NpgsqlDataSourceBuilder(connectionString).UseAdit(destination).Build();
try
{
    await using var mine = new Mine(new DbContextOptionsBuilder<Mine>().UseNpgsql(source).Options);
    await mine.Database.EnsureCreatedAsync();
    mine.Add(new Gallery { Name = $"gallery of {DateTime.UtcNow:yyyy-MM-dd}", Depth = 120 });
    await mine.SaveChangesAsync();
    foreach (Gallery gallery in await mine.Galleries.Where(gallery => gallery.Depth > 100).OrderBy(gallery => gallery.Id).ToListAsync())
        Console.WriteLine($"{gallery.Id}: {gallery.Name}, {gallery.Depth} m");
    return 0;
}
catch (NpgsqlException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
finally
{
    await source.DisposeWithTunnelAsync();
}

internal sealed class Mine(DbContextOptions<Mine> options) : DbContext(options)
{
    public DbSet<Gallery> Galleries => Set<Gallery>();
}

internal sealed class Gallery
{
    public int Id { get; set; }

    public required string Name { get; set; }

    public int Depth { get; set; }
}
