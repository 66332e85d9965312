using Adit;
using Adit.Extensions.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// Where people who register services find it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Tunnels as services.</summary>
public static class AditServiceCollectionExtensions
{
    /// <summary>
    /// Adds a tunnel as a keyed singleton <see cref="SshTunnel"/>, and the first one also without a key. It connects when the host starts
    /// (see <see cref="TunnelSettings.OpenOnStart"/>), logs to the host's log, and ends with the host.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The key, and the name of its <see cref="TunnelSettings"/>.</param>
    /// <param name="configure">Sets it up.</param>
    public static IServiceCollection AddAditTunnel(this IServiceCollection services, string name, Action<TunnelSettings> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, name, options => options.Configure(configure));
    }

    /// <summary>As <see cref="AddAditTunnel(IServiceCollection, string, Action{TunnelSettings})"/>, from a section of the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The key, and the name of its <see cref="TunnelSettings"/>.</param>
    /// <param name="section">The section, such as <c>configuration.GetSection("Adit:main")</c>; see <see cref="TunnelSettings"/>.</param>
    /// <param name="configure">Sets up what the section does not say, such as <see cref="TunnelSettings.AnswerBy"/>; null for nothing.</param>
    public static IServiceCollection AddAditTunnel(
        this IServiceCollection services, string name, IConfiguration section, Action<TunnelSettings>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, name, options =>
        {
            options.Bind(section);
            if (configure is not null)
                options.Configure(configure);
        });
    }

    /// <summary>Adds a health check of a tunnel: unhealthy while it is down, or its server does not answer within 5 seconds.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The tunnel, as it was added; the check is called <c>adit-</c> and its name.</param>
    /// <param name="failureStatus">What it is when it is not healthy; unhealthy if null.</param>
    /// <param name="tags">Tags of the check; none if null.</param>
    public static IHealthChecksBuilder AddAditTunnel(
        this IHealthChecksBuilder builder, string name, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.Add(new($"adit-{name}", services => new TunnelHealthCheck(services.GetRequiredKeyedService<SshTunnel>(name)), failureStatus, tags));
    }

    private static IServiceCollection Add(IServiceCollection services, string name, Action<OptionsBuilder<TunnelSettings>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        configure(services.AddOptions<TunnelSettings>(name));
        services.AddKeyedSingleton(name, static (provider, key) => Make(provider, (string)key!));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<SshTunnel>(name));
        services.AddSingleton<IHostedService>(provider => new TunnelStart(provider, name));
        return services;
    }

    private static SshTunnel Make(IServiceProvider provider, string name)
    {
        TunnelSettings settings = provider.GetRequiredService<IOptionsMonitor<TunnelSettings>>().Get(name);
        if (string.IsNullOrWhiteSpace(settings.Destination))
            throw new OptionsValidationException(name, typeof(TunnelSettings), [$"the tunnel {name} has no Destination; write [user@]host"]);
        return SshTunnel.Create(settings.Destination, settings.ToOptions(provider.GetService<ILoggerFactory>()));
    }
}
