using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Adit.Extensions.Hosting;

/// <summary>Whether a tunnel is up and its server answers. One that is not used yet is healthy: it connects when it is.</summary>
internal sealed class TunnelHealthCheck(SshTunnel tunnel) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        SshTunnelState state = tunnel.State;
        HealthStatus failure = context.Registration.FailureStatus;
        if (state is SshTunnelState.Idle)
        {
            return tunnel.LastFailure is { } last
                ? new(failure, last.Message, last)
                : HealthCheckResult.Healthy($"the tunnel to {tunnel.Destination} is not used at the moment");
        }

        if (state is SshTunnelState.Down)
            return new(failure, $"the connection to {tunnel.Destination} is lost and is being made anew");
        if (state is SshTunnelState.Ended)
            return new(failure, $"the tunnel to {tunnel.Destination} has ended");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            TimeSpan took = await tunnel.PingAsync(limit.Token).ConfigureAwait(false);
            var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["roundTripMilliseconds"] = took.TotalMilliseconds };
            return HealthCheckResult.Healthy($"the tunnel to {tunnel.Destination} is up", data);
        }
        catch (AditException e)
        {
            return new(failure, e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(failure, $"{tunnel.Destination} did not answer within {Patience.TotalSeconds:0} s", e);
        }
    }
}
