using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Adit.Relay;

/// <summary>How a <see cref="LocalListener"/> binds. Immutable.</summary>
internal sealed record LocalListenerOptions
{
    /// <summary>The defaults.</summary>
    public static LocalListenerOptions Default { get; } = new();

    /// <summary>How many connections may wait to be accepted, 1 to 65535: 512 by default. The system may allow fewer.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>The family of the addresses to bind; those of both by default. An address that is asked for by itself is bound all the same.</summary>
    public AddressFamily AddressFamily { get; init; } = AddressFamily.Unspecified;

    /// <summary>Who may connect to a Unix socket, by the rights of its file: its owner by default (0600).</summary>
    public UnixFileMode UnixMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Whether a socket that lies in the place is removed even if another program listens there (StreamLocalBindUnlink). Default no: only
    /// what a dead listener left behind is.
    /// </summary>
    public bool Unlink { get; init; }

    /// <summary>Looks the addresses of a name up; the system's resolver by default. Addresses and <c>localhost</c> are not looked up.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>Sockets that listen already, of which those that fit are taken over in place of a bind; null, the default, for none.</summary>
    public InheritedSockets? Inherited { get; init; }
}

/// <summary>
/// Listens on TCP addresses or a Unix socket of this machine. All the addresses that were asked for are bound, or none.
/// </summary>
/// <remarks>
/// On Linux no socket can listen beside another one whose addresses overlap with its own, as long as neither asks for SO_REUSEPORT,
/// which this one never does: a wildcard fails to bind while any address has a listener on the port, and the other way round. So a
/// listener that bound is shadowed by none.
/// </remarks>
internal sealed class LocalListener : IListener
{
    private readonly Socket[] _sockets;
    private readonly string? _path;
    private readonly UnixSocketFile? _file;
    private readonly Lock _lock = new();
    private readonly Task<Socket>?[] _pending;
    private int _next;
    private bool _closed;

    // The file of an inherited Unix socket is not ours to remove.
    private LocalListener(Socket[] sockets, IReadOnlyList<Endpoint> endpoints, bool isExposed, string? path, UnixSocketFile? file)
    {
        _sockets = sockets;
        _path = path;
        _pending = new Task<Socket>?[sockets.Length];
        _file = file;
        Endpoints = endpoints;
        IsExposed = isExposed;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Endpoint> Endpoints { get; }

    /// <inheritdoc/>
    public bool IsExposed { get; }

    /// <summary>Binds what was asked for and starts to listen.</summary>
    /// <exception cref="ListenException">It could not be bound as a whole; nothing of it stays bound.</exception>
    public static async ValueTask<LocalListener> BindAsync(
        ListenSpec spec, LocalListenerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        options ??= LocalListenerOptions.Default;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Backlog, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Backlog, ushort.MaxValue, nameof(options));
        if (spec.Path is not null)
            return BindUnix(spec.Path, options);

        Socket[] sockets = await TcpBinding.BindAsync(spec, options, cancellationToken).ConfigureAwait(false);
        IPEndPoint[] bound = [.. sockets.Select(static socket => (IPEndPoint)socket.LocalEndPoint!)];
        return new(sockets, [.. bound.Select(Endpoint.Tcp)], bound.Any(static end => !IPAddress.IsLoopback(end.Address)), null, null);
    }

    /// <inheritdoc/>
    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        while (StartAccepting() is { } accepts)
        {
            await Task.WhenAny(accepts).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!TryTakeAccepted(out Task<Socket>? accepted))
                continue;
            try
            {
                return SocketConnection.From(await accepted.ConfigureAwait(false), _path);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (IsClosed)
                    return null;
                throw new IOException(
                    "cannot accept a connection: " + (e is SocketException socket ? SocketFailure.Describe(socket) : e.Message), e);
            }
        }
        return null;
    }

    /// <summary>Stops listening, frees the ports, and removes the file of a Unix socket. Connections that were accepted go on.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task<Socket>> left;
        lock (_lock)
        {
            if (_closed)
                return;
            _closed = true;
            left = [.. _pending.OfType<Task<Socket>>()];
            Array.Clear(_pending);
        }
        foreach (Socket socket in _sockets)
            socket.Dispose();
        _file?.Remove();
        foreach (Task<Socket> accept in left)
        {
            // Awaited, so that no failure goes unobserved; a connection that nobody took is let go.
            await ((Task)accept).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (accept.IsCompletedSuccessfully)
                (await accept.ConfigureAwait(false)).Dispose();
        }
    }

    internal static LocalListener BindUnix(string path, LocalListenerOptions options)
    {
        if (options.Inherited?.Claim(path) is { } inherited)
            return new([inherited], [Endpoint.Unix(path)], isExposed: false, path, null);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            UnixSocketFile file = UnixSocketFile.Bind(socket, path, options);
            return new([socket], [Endpoint.Unix(path)], isExposed: false, path, file);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed;
        }
    }

    private Task<Socket>[]? StartAccepting()
    {
        lock (_lock)
        {
            if (_closed)
                return null;
            for (int i = 0; i < _sockets.Length; i++)
                _pending[i] ??= _sockets[i].AcceptAsync();
            return [.. _pending!];
        }
    }

    // The socket after the one served last comes first, so that a busy address does not starve the others.
    private bool TryTakeAccepted([NotNullWhen(true)] out Task<Socket>? accepted)
    {
        lock (_lock)
        {
            for (int i = 0; i < _pending.Length; i++)
            {
                int at = (_next + i) % _pending.Length;
                if (_pending[at] is not { IsCompleted: true } done)
                    continue;
                _pending[at] = null;
                _next = at + 1;
                accepted = done;
                return true;
            }
            accepted = null;
            return false;
        }
    }
}
