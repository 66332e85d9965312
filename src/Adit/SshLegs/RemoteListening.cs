using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Wording;

namespace Adit.SshLegs;

/// <summary>
/// Has the server of a connection listen, and gives what comes in there to the listener that asked for it: RFC 4254 section 7 and
/// OpenSSH's PROTOCOL section 2.4. What the server opens or asks for besides goes to another handler. Safe to use from several threads.
/// </summary>
/// <param name="others">Serves what belongs to no remote forward; null refuses it.</param>
internal sealed class RemoteListening(IConnectionHandler? others) : IConnectionHandler
{
    // Connections at ports that the server chose may overtake its answer; more than a few do not.
    private const int MaxEarly = 64;

    private readonly Lock _sync = new();
    private readonly Dictionary<ListenRequest, RemoteListener> _listeners = [];
    private readonly List<IncomingChannel> _early = [];
    private int _choosing;
    private SshConnection? _connection;
    private Leg? _leg;

    /// <summary>The connection is made; until then, nothing can be asked of it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="leg">Its leg, as connections that come over it see it.</param>
    public void Attach(SshConnection connection, Leg leg)
    {
        _leg = leg;
        _connection = connection;
    }

    /// <summary>Has the server listen.</summary>
    /// <param name="asked">Where; port 0 lets the server choose.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer. The connection may then have a forward that nobody serves: its connections are refused.</param>
    /// <exception cref="ListenException">The server refused, or this connection has such a forward already.</exception>
    /// <exception cref="SshClosedException">The connection ended.</exception>
    public async Task<RemoteListener> ListenAsync(ListenRequest asked, CancellationToken cancellationToken)
    {
        SshConnection connection = _connection!;
        bool chooses = asked is { Path: null, Port: 0 };
        var listener = new RemoteListener(this, asked, _leg!.From);
        lock (_sync)
        {
            if (chooses)
                _choosing++;
            else if (!_listeners.TryAdd(asked, listener))
                throw new ListenException(asked.ToString(), ListenFailure.InUse, "this connection has such a remote forward already");
        }

        try
        {
            (string name, byte[] fields) = Request(asked, cancel: false);
            if (await connection.RequestAsync(name, fields, cancellationToken).ConfigureAwait(false) is not { } reply)
                throw new ListenException(asked.ToString(), ListenFailure.Other, $"{_leg.From} refused it: the {(asked.Path is null ? "port" : "path")} may be taken there, or remote forwards not be permitted");
            if (chooses)
                listener.Asked = asked with { Port = ChosenPort(reply) };
            return listener;
        }
        catch
        {
            lock (_sync)
                _listeners.Remove(asked);
            throw;
        }
        finally
        {
            if (chooses)
                Settle(listener);
        }
    }

    /// <summary>Serves the connection no longer.</summary>
    public async ValueTask DisposeAsync()
    {
        RemoteListener[] left;
        lock (_sync)
        {
            left = [.. _listeners.Values];
            _listeners.Clear();
        }

        foreach (RemoteListener listener in left)
            await listener.DisposeAsync().ConfigureAwait(false);
    }

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        if (channel.Type is DirectTcpip.ForwardedChannelType or ForwardedStreamLocal.ChannelType)
            Give(channel);
        else if (others is not null)
            others.OnChannelOpen(channel);
        else
            channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request)
    {
        if (others is not null)
            others.OnGlobalRequest(request);
        else
            request.Fail();
    }

    /// <summary>Has the server listen no longer. Connections that came in go on.</summary>
    internal async ValueTask CancelAsync(RemoteListener listener)
    {
        lock (_sync)
        {
            if (_listeners.GetValueOrDefault(listener.Asked) == listener)
                _listeners.Remove(listener.Asked);
            else
                return;
        }

        if (_connection!.Closed.IsCompleted)
            return;
        try
        {
            (string name, byte[] fields) = Request(listener.Asked, cancel: true);
            await _connection.RequestAsync(name, fields, CancellationToken.None).ConfigureAwait(false);
        }
        catch (SshException)
        {
            // The connection ends, and its forwards with it.
        }
    }

    private static (string Name, byte[] Fields) Request(ListenRequest asked, bool cancel) => asked.Path is { } path
        ? (cancel ? StreamLocalForward.CancelName : StreamLocalForward.RequestName, new StreamLocalForward(path).ToFields())
        : (cancel ? TcpipForward.CancelName : TcpipForward.RequestName, new TcpipForward(asked.Address, (uint)asked.Port).ToFields());

    private static int ChosenPort(byte[] reply) =>
        TcpipForwardReply.Read(reply) is { Port: > 0 and <= ushort.MaxValue } chosen
            ? (int)chosen.Port
            : throw new SshFormatException("the server listens at a port that is none");

    // The server has answered which port it chose, or that it listens at none.
    private void Settle(RemoteListener listener)
    {
        IncomingChannel[] waiting;
        lock (_sync)
        {
            _choosing--;
            if (listener.Asked.Port != 0)
                _listeners.TryAdd(listener.Asked, listener);
            waiting = [.. _early];
            _early.Clear();
        }

        foreach (IncomingChannel channel in waiting)
            Give(channel);
    }

    private void Give(IncomingChannel channel)
    {
        ListenRequest at;
        ConnectionOrigin origin;
        if (channel.Type is DirectTcpip.ForwardedChannelType)
        {
            DirectTcpip tcp = DirectTcpip.Read(channel.Fields.Span);
            at = new(tcp.Host, (int)Math.Min(tcp.Port, int.MaxValue), null);
            origin = new(Printable.Text(tcp.OriginatorAddress), (int)Math.Min(tcp.OriginatorPort, ushort.MaxValue));
        }
        else
        {
            at = new(string.Empty, 0, ForwardedStreamLocal.Read(channel.Fields.Span).SocketPath);
            origin = new(Printable.Text(at.Path!), 0);
        }

        RemoteListener? listener;
        lock (_sync)
        {
            listener = Find(at);
            if (listener is null && _choosing > 0 && _early.Count < MaxEarly)
            {
                _early.Add(channel);
                return;
            }
        }

        if (listener?.TryAdd(ChannelConnection.Forwarded(channel, _leg!, listener.Endpoints[0], origin)) == true)
            return;
        if (others is not null)
            others.OnChannelOpen(channel);
        else
            channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
    }

    // Some servers name the address that was connected to, as RFC 4254 section 7.2 has it, and not the one that was asked for.
    private RemoteListener? Find(ListenRequest at)
    {
        if (_listeners.TryGetValue(at, out RemoteListener? exact) || at.Path is not null)
            return exact;
        RemoteListener[] ofPort = [.. _listeners.Values.Where(listener => listener.Asked.Path is null && listener.Asked.Port == at.Port)];
        return ofPort is [var only] ? only : null;
    }
}
