using System.Net.Security;
using Adit;
using Adit.Npgsql;

// Where people who build data sources find it.
namespace Npgsql;

/// <summary>Npgsql through tunnels of Adit.</summary>
public static class AditNpgsqlExtensions
{
    /// <summary>
    /// Has the data source reach the hosts of its connection string through an SSH server, as that one sees them: <c>Host=localhost</c> is the
    /// server itself. No TCP port is opened on this machine: Npgsql gets a Unix socket in a private folder, which admits this process alone.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The connection to the server is made when the first connection to the database is, shared by all data sources of this process with the
    /// same destination and equal options, made anew when it is lost, and closed when it was not used for five minutes (AditIdleTimeout).
    /// Several hosts (<c>Host=a,b:5433</c>), cancellation and <c>SSL Mode=VerifyFull</c>, which checks the certificate for the real name, work
    /// as without a tunnel. A connection that the tunnel cannot make fails with the reason, as SQLSTATE 08001.
    /// </para>
    /// <para>
    /// Call it when the connection string is complete: a Host that is set later goes past the tunnel. The sockets are removed by
    /// <see cref="DisposeWithTunnelAsync"/>, or when the data source was collected, or when the process ends.
    /// It occupies <see cref="NpgsqlDataSourceBuilder.UseSslClientAuthenticationOptionsCallback"/> and
    /// <see cref="NpgsqlDataSourceBuilder.UseNegotiateOptionsCallback"/>: give yours for TLS as <paramref name="tls"/>.
    /// </para>
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="destination">As ssh takes it: <c>[user@]host</c> or <c>ssh://[user@]host[:port]</c>; the host may be an alias of <c>~/.ssh/config</c>.</param>
    /// <param name="options">How to connect to it; as configured if null.</param>
    /// <param name="tls">Further settings of TLS to the database.</param>
    /// <exception cref="ArgumentException">The connection string names no host, or one that cannot be used.</exception>
    /// <exception cref="TunnelConfigurationException">The destination or an option cannot be used.</exception>
    /// <exception cref="ListenFailedException">The socket cannot be made.</exception>
    public static NpgsqlDataSourceBuilder UseAdit(
        this NpgsqlDataSourceBuilder builder, string destination, SshTunnelOptions? options = null, Action<SslClientAuthenticationOptions>? tls = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        (SshTunnel tunnel, Func<ValueTask> release) = SharedTunnels.Take(destination, options ?? SshTunnelOptions.Default);
        return Use(builder, tunnel, release, tls);
    }

    /// <summary>
    /// As <see cref="UseAdit(NpgsqlDataSourceBuilder, string, SshTunnelOptions, Action{SslClientAuthenticationOptions})"/>, through a tunnel
    /// of the caller's, whose end is the end of the sockets: dispose it after the data source.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="tls">Further settings of TLS to the database.</param>
    /// <exception cref="ArgumentException">The connection string names no host, or one that cannot be used.</exception>
    /// <exception cref="TunnelEndedException">The tunnel was disposed.</exception>
    /// <exception cref="ListenFailedException">The socket cannot be made.</exception>
    public static NpgsqlDataSourceBuilder UseAdit(this NpgsqlDataSourceBuilder builder, SshTunnel tunnel, Action<SslClientAuthenticationOptions>? tls = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(tunnel);
        return Use(builder, tunnel, static () => default, tls);
    }

    /// <summary>
    /// Disposes a data source, then the sockets that <c>UseAdit</c> made for it, and the connection to the SSH server if nobody else shares it.
    /// A data source without a tunnel is merely disposed.
    /// </summary>
    public static async ValueTask DisposeWithTunnelAsync(this NpgsqlDataSource dataSource)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        string? host = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString).Host;
        await dataSource.DisposeAsync().ConfigureAwait(false);
        if (TunnelSockets.TryFind(host, out TunnelSockets? sockets))
            await sockets.DisposeAsync().ConfigureAwait(false);
    }

    private static NpgsqlDataSourceBuilder Use(
        NpgsqlDataSourceBuilder builder, SshTunnel tunnel, Func<ValueTask> release, Action<SslClientAuthenticationOptions>? tls)
    {
        var sockets = TunnelSockets.Open(tunnel, builder.ConnectionStringBuilder, release);
        var anchor = new DataSourceAnchor(sockets, tls);
        return builder.UseSslClientAuthenticationOptionsCallback(anchor.OnTls).UseNegotiateOptionsCallback(anchor.OnNegotiate);
    }
}
