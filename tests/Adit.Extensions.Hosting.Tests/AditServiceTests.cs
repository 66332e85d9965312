using Adit.Tests.Library;
using Adit.Tests.Shared;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Adit.Extensions.Hosting.Tests;

public sealed class AditServiceTests : IAsyncLifetime
{
    private readonly LoopbackServer _server = new();

    [Fact]
    public async Task A_tunnel_of_the_configuration_opens_with_the_host_and_ends_with_it()
    {
        using IHost host = Build(Settings());
        await host.StartAsync().TestTime();
        SshTunnel tunnel = host.Services.GetRequiredKeyedService<SshTunnel>("main");
        Assert.Same(tunnel, host.Services.GetRequiredService<SshTunnel>());
        Assert.Equal(SshTunnelState.Up, tunnel.State);
        await using (TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime())
            await stream.WriteAsync("hello"u8.ToArray());
        await host.StopAsync().TestTime();
        Assert.Equal(SshTunnelState.Ended, tunnel.State);
    }

    [Fact]
    public async Task All_that_the_configuration_says_reaches_the_tunnel()
    {
        Dictionary<string, string?> settings = Settings();
        settings["OpenOnStart"] = "false";
        settings["IdentityFiles:0"] = "~/.ssh/one";
        settings["StrictHostKeyChecking"] = "AcceptNew";
        settings["ConnectTimeout"] = "00:00:07";
        settings["KeepAlive"] = "00:00:08";
        settings["Reconnect"] = "false";
        settings["ReconnectWait"] = "00:00:09";
        using IHost host = Build(settings);
        await host.StartAsync().TestTime();
        SshTunnel tunnel = host.Services.GetRequiredService<SshTunnel>();
        Assert.Equal(SshTunnelState.Idle, tunnel.State);
        SshTunnelOptions options = tunnel.Options;
        Assert.Equal("joe", options.User);
        Assert.Equal(_server.Port, options.Port);
        Assert.Equal("none", options.ConfigFile);
        Assert.Equal(["~/.ssh/one"], options.IdentityFiles);
        Assert.Equal([_server.KnownHosts], options.KnownHostsFiles);
        Assert.Equal(Adit.OpenSsh.HostKeyChecking.AcceptNew, options.StrictHostKeyChecking);
        Assert.Equal(TimeSpan.FromSeconds(7), options.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(8), options.KeepAlive);
        Assert.False(options.Reconnect);
        Assert.Equal(TimeSpan.FromSeconds(9), options.ReconnectWait);
        Assert.Contains(new("UpdateHostKeys", "no"), options.SshOptions);
        Assert.NotNull(options.LoggerFactory);
    }

    [Fact]
    public async Task A_host_whose_tunnel_cannot_be_opened_does_not_start()
    {
        Dictionary<string, string?> settings = Settings();
        settings["Password"] = "wrong";
        using IHost host = Build(settings);
        await Assert.ThrowsAsync<AuthenticationFailedException>(() => host.StartAsync().TestTime());
        Assert.Equal(1, _server.Logins);
    }

    [Fact]
    public async Task A_tunnel_without_a_destination_is_named()
    {
        using IHost host = Build([]);
        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync().TestTime());
        Assert.Contains("the tunnel main has no Destination", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_tunnels_stand_side_by_side_and_code_may_answer_what_the_configuration_does_not()
    {
        Dictionary<string, string?> settings = Settings();
        settings.Remove("Password");
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddAditTunnel("one", builder.Configuration, tunnel => tunnel.AnswerBy(static (_, _) => new(LoopbackServer.Password)));
        builder.Services.AddAditTunnel("two", tunnel => tunnel.Destination = "nowhere.invalid");
        builder.Services.Configure<TunnelSettings>("two", static tunnel => tunnel.OpenOnStart = false);
        using IHost host = builder.Build();
        await host.StartAsync().TestTime();
        Assert.Equal(SshTunnelState.Up, host.Services.GetRequiredKeyedService<SshTunnel>("one").State);
        Assert.Equal("nowhere.invalid", host.Services.GetRequiredKeyedService<SshTunnel>("two").Destination);
        Assert.Same(host.Services.GetRequiredKeyedService<SshTunnel>("one"), host.Services.GetRequiredService<SshTunnel>());
    }

    [Fact]
    public async Task The_health_check_says_whether_the_server_answers()
    {
        Dictionary<string, string?> settings = Settings();
        settings["OpenOnStart"] = "false";
        settings["Reconnect"] = "true";
        using IHost host = Build(settings);
        await host.StartAsync().TestTime();
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        SshTunnel tunnel = host.Services.GetRequiredService<SshTunnel>();
        await tunnel.EnsureOpenAsync().TestTime();
        HealthReportEntry up = await CheckAsync(host);
        Assert.Equal(HealthStatus.Healthy, up.Status);
        Assert.True(up.Data.ContainsKey("roundTripMilliseconds"));
        _server.IsClosed = true;
        _server.Hangup();
        await Until.Holds(() => tunnel.LastFailure is not null);
        Assert.Equal(SshTunnelState.Idle, tunnel.State);
        HealthReportEntry refused = await CheckAsync(host);
        Assert.Equal(HealthStatus.Degraded, refused.Status);
        Assert.IsType<AuthenticationFailedException>(refused.Exception);
        await tunnel.DisposeAsync();
        Assert.Equal(HealthStatus.Degraded, (await CheckAsync(host)).Status);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    private static async Task<HealthReportEntry> CheckAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().TestTime()).Entries["adit-main"];

    private Dictionary<string, string?> Settings() => new(StringComparer.OrdinalIgnoreCase)
    {
        ["Destination"] = "127.0.0.1",
        ["User"] = "joe",
        ["Port"] = _server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["ConfigFile"] = "none",
        ["KnownHostsFiles:0"] = _server.KnownHosts,
        ["Password"] = LoopbackServer.Password,
        ["SshOptions:GlobalKnownHostsFile"] = "none",
        ["SshOptions:IdentityAgent"] = "none",
        ["SshOptions:UpdateHostKeys"] = "no",
    };

    private static IHost Build(Dictionary<string, string?> settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings.Select(static pair => KeyValuePair.Create($"Adit:main:{pair.Key}", pair.Value)));
        builder.Services.AddLogging();
        builder.Services.AddAditTunnel("main", builder.Configuration.GetSection("Adit:main"));
        builder.Services.AddHealthChecks().AddAditTunnel("main", HealthStatus.Degraded);
        return builder.Build();
    }
}
