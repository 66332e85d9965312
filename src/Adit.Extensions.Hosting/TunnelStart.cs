using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Adit.Extensions.Hosting;

/// <summary>Opens a tunnel when the host starts, before what uses it does.</summary>
internal sealed class TunnelStart(IServiceProvider services, string name) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        // Made in any case, so that a configuration that cannot be used shows at once.
        SshTunnel tunnel = services.GetRequiredKeyedService<SshTunnel>(name);
        if (services.GetRequiredService<IOptionsMonitor<TunnelSettings>>().Get(name).OpenOnStart)
            await tunnel.EnsureOpenAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // After all that uses it has stopped; the container disposes it once more, which does nothing.
    public async Task StoppedAsync(CancellationToken cancellationToken) =>
        await services.GetRequiredKeyedService<SshTunnel>(name).DisposeAsync().ConfigureAwait(false);
}
