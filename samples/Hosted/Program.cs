// A service whose tunnel and database come from appsettings.json, with a health check.
//     dotnet run --project samples/Hosted
using Adit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddAditTunnel("main", builder.Configuration.GetSection("Adit:main"));
builder.Services.AddHealthChecks().AddAditTunnel("main");
builder.Services.AddSingleton(services => new NpgsqlDataSourceBuilder(builder.Configuration.GetConnectionString("mine"))
    .UseAdit(services.GetRequiredKeyedService<SshTunnel>("main"))
    .Build());
builder.Services.AddHostedService<Clock>();
await builder.Build().RunAsync();

internal sealed class Clock(NpgsqlDataSource source) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await using NpgsqlCommand command = source.CreateCommand("select now()");
            Console.WriteLine(await command.ExecuteScalarAsync(stoppingToken));
            await Task.Delay(TimeSpan.FromSeconds(10), stoppingToken);
        }
    }
}
