namespace Adit.Npgsql;

/// <summary>The tunnels of this process that data sources share: one for each destination and options, as long as somebody has it.</summary>
internal static class SharedTunnels
{
    // A pool that has closed all its connections needs no connection to the server either; the next one opens it again.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(5);

    private static readonly Lock Sync = new();
    private static readonly Dictionary<(string Destination, SshTunnelOptions Options), Shared> Tunnels = [];
    private static readonly HashSet<Task> Ending = [];

    /// <summary>Takes part in a tunnel.</summary>
    /// <returns>The tunnel, and what gives the part back.</returns>
    /// <exception cref="TunnelConfigurationException">The destination or an option cannot be used.</exception>
    public static (SshTunnel Tunnel, Func<ValueTask> Release) Take(string destination, SshTunnelOptions options)
    {
        (string, SshTunnelOptions) key = (destination, options);
        lock (Sync)
        {
            if (!Tunnels.TryGetValue(key, out Shared? shared))
            {
                var tunnel = SshTunnel.Create(destination, options with { DefaultIdleTimeout = IdleTimeout });
                Tunnels.Add(key, shared = new(tunnel));
            }

            shared.Users++;
            return (shared.Tunnel, () => ReleaseAsync(key, shared));
        }
    }

    /// <summary>Holds on to the end of something that nobody waits for, until it is over.</summary>
    public static void Keep(Task ending)
    {
        lock (Sync)
        {
            Ending.RemoveWhere(static task => task.IsCompleted);
            Ending.Add(ending);
        }
    }

    private static async ValueTask ReleaseAsync((string, SshTunnelOptions) key, Shared shared)
    {
        lock (Sync)
        {
            if (--shared.Users > 0)
                return;
            Tunnels.Remove(key);
        }

        await shared.Tunnel.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class Shared(SshTunnel tunnel)
    {
        public SshTunnel Tunnel => tunnel;

        public int Users { get; set; }
    }
}
