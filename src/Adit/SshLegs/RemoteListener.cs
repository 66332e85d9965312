using Adit.Relay;

namespace Adit.SshLegs;

/// <summary>A port or socket on the far side of an SSH connection, as a listener. It ends with the connection.</summary>
internal sealed class RemoteListener : IListener
{
    private readonly RemoteListening _listening;
    private readonly ChannelListener _channels;
    private readonly string _machine;
    private ListenRequest _asked;

    internal RemoteListener(RemoteListening listening, ListenRequest asked, string machine)
    {
        _listening = listening;
        _machine = machine;
        _asked = asked;
        _channels = new(EndOf(asked));
        Endpoints = [EndOf(asked)];
    }

    /// <summary>Where the server listens, in the words of the request; with the port that was chosen.</summary>
    public ListenRequest Asked
    {
        get => _asked;
        internal set
        {
            _asked = value;
            Endpoints = [EndOf(value)];
        }
    }

    /// <summary>The machine that listens.</summary>
    public string Machine => _machine;

    public IReadOnlyList<Endpoint> Endpoints { get; private set; }

    /// <summary>Whether more than the server itself was asked for. Whether it listens there is the server's to say (GatewayPorts).</summary>
    public bool IsExposed => _asked is { Path: null, Address: not ("localhost" or "127.0.0.1" or "::1") };

    public ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) => _channels.AcceptAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _listening.CancelAsync(this).ConfigureAwait(false);
        await _channels.DisposeAsync().ConfigureAwait(false);
    }

    internal bool TryAdd(ChannelConnection connection) => _channels.TryAdd(connection);

    private static Endpoint EndOf(ListenRequest asked) =>
        asked.Path is { } path ? Endpoint.Unix(path) : Endpoint.Tcp(asked.Address.Length == 0 ? "*" : asked.Address, asked.Port);
}
