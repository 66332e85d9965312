using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Adit.Relay;
using Npgsql;

namespace Adit.Npgsql;

/// <summary>The sockets by which one data source reaches the hosts of its connection string: one in a folder of its own for each.</summary>
internal sealed class TunnelSockets : IAsyncDisposable
{
    // More failures than this need not be told apart.
    private const int MostFailures = 64;

    private static readonly ConcurrentDictionary<string, TunnelSockets> ByFolder = new(StringComparer.Ordinal);

    private readonly SshTunnel _tunnel;
    private readonly Func<ValueTask> _release;
    private readonly SocketFolder _folder;
    private readonly Dictionary<string, Host> _hosts = new(StringComparer.Ordinal);
    private int _disposed;

    private TunnelSockets(SshTunnel tunnel, Func<ValueTask> release, SocketFolder folder)
    {
        _tunnel = tunnel;
        _release = release;
        _folder = folder;
    }

    /// <summary>Binds a socket for each host, and has it lead through a tunnel.</summary>
    /// <param name="tunnel">The tunnel. It ends the sockets with itself.</param>
    /// <param name="settings">The connection string; its Host is replaced.</param>
    /// <param name="release">Called once, when the sockets are gone.</param>
    /// <exception cref="ArgumentException">The connection string cannot be served.</exception>
    /// <exception cref="AditException">A socket cannot be bound, or the tunnel has ended.</exception>
    public static TunnelSockets Open(SshTunnel tunnel, NpgsqlConnectionStringBuilder settings, Func<ValueTask> release)
    {
        TunnelSockets? sockets = null;
        bool isOpen = false;
        try
        {
            if (TryFind(settings.Host, out _))
                throw new InvalidOperationException("this data source goes through a tunnel already");
            IReadOnlyList<PostgresHost> hosts = PostgresHost.ParseList(settings.Host, settings.Port);
            sockets = new(tunnel, release, SocketFolder.Create());
            sockets.Bind(hosts, settings);
            if (!tunnel.TryOwn(sockets))
                throw new TunnelEndedException($"the tunnel to {tunnel.Destination} was closed");
            settings.Host = string.Join(',', sockets._hosts.Keys);
            ByFolder[sockets._folder.Location] = sockets;
            isOpen = true;
            return sockets;
        }
        catch (Exception e) when (e is ListenException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new ListenFailedException(e.Message, e);
        }
        finally
        {
            if (!isOpen)
                SharedTunnels.Keep(sockets is null ? release().AsTask() : sockets.DisposeAsync().AsTask());
        }
    }

    /// <summary>Finds the sockets that a connection string's Host leads to.</summary>
    public static bool TryFind(string? host, [NotNullWhen(true)] out TunnelSockets? sockets)
    {
        sockets = null;
        string? first = host?.Split(',')[0];
        return first is not null && Path.GetDirectoryName(first) is { } folder && ByFolder.TryGetValue(folder, out sockets);
    }

    /// <summary>The host behind a folder; null where there is none.</summary>
    public string? NameOf(string? folder) => folder is not null && _hosts.TryGetValue(folder, out Host? host) ? host.Name : null;

    /// <summary>Throws what a client of this folder could not be told, if there is something.</summary>
    /// <exception cref="NpgsqlException">The connection was refused.</exception>
    public void ThrowIfRefused(string folder)
    {
        if (_hosts[folder].Failures.TryDequeue(out string? reason))
            throw new NpgsqlException(reason, new IOException(reason));
    }

    /// <summary>Ends the sockets at once, in the background: their data source is gone.</summary>
    public void Abandon() => SharedTunnels.Keep(DisposeAsync().AsTask());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        ByFolder.TryRemove(_folder.Location, out _);
        foreach (Host host in _hosts.Values)
            await host.Forward.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
        _tunnel.Disown(this);
        await _release().ConfigureAwait(false);
    }

    private void Bind(IReadOnlyList<PostgresHost> hosts, NpgsqlConnectionStringBuilder settings)
    {
        bool insists = settings.SslMode is SslMode.Require or SslMode.VerifyCA or SslMode.VerifyFull;
        var admission = Admission.Of(AdmissionRule.Self);
        for (int i = 0; i < hosts.Count; i++)
            Add(_folder.ForHost(i, hosts[i].Name), hosts[i], settings.Port, admission, insists);
    }

    private void Add(string folder, PostgresHost host, int port, Admission admission, bool insists)
    {
        var failures = new ConcurrentQueue<string>();
        void Refused(string reason)
        {
            failures.Enqueue(reason);
            while (failures.Count > MostFailures)
                failures.TryDequeue(out _);
        }

        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{port}"));
        LocalListener listener = LocalListener.BindUnix(path, LocalListenerOptions.Default);
        var speaking = new PostgresListener(listener, insists ? Refused : null);
        _hosts.Add(folder, new(host.Name, _tunnel.StartForward(speaking, host.Target, admission, ForwardOptions.ConnectionCap), failures));
    }

    /// <summary>One host.</summary>
    /// <param name="Name">Its name, for certificates.</param>
    /// <param name="Forward">Its socket.</param>
    /// <param name="Failures">Why clients who insist on TLS were refused, of which they do not know yet.</param>
    private sealed record Host(string Name, Forward Forward, ConcurrentQueue<string> Failures);
}
