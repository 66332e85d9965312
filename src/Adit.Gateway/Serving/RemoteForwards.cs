using System.Net;
using System.Threading.Channels;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit.Gateway.Serving;

/// <summary>
/// Where one client has the gateway listen: tcpip-forward and streamlocal-forward, RFC 4254 section 7.1 and OpenSSH's PROTOCOL section 2.4.
/// Requests are served one after the other; new rules are heeded beside that, however long a request takes.
/// </summary>
internal sealed class RemoteForwards(GatewayConnection connection) : IAsyncDisposable
{
    // Those that wait while the one before is served; a client that asks on and on is cut off here. ssh asks for all its forwards at once.
    private const int MaxWaitingRequests = 1024;
    private const int MaxWaitingBytes = 1024 * 1024;

    // Each is a socket, and the name counts as one remote forward.
    private const int MaxAddresses = 16;

    private readonly Channel<IncomingRequest> _requests = System.Threading.Channels.Channel.CreateBounded<IncomingRequest>(MaxWaitingRequests);
    private readonly Channel<bool> _reloads = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _sync = new();
    private readonly Dictionary<ListenRequest, Entry> _entries = [];
    private readonly List<Entry> _stopped = [];
    private volatile int _count;
    private int _waitingBytes;

    /// <summary>How many there are.</summary>
    public int Count => _count;

    /// <summary>Takes a request, to be served in its turn.</summary>
    /// <exception cref="SshFormatException">Too many wait already.</exception>
    public void Add(IncomingRequest request)
    {
        if (Interlocked.Add(ref _waitingBytes, request.Fields.Length) > MaxWaitingBytes || !_requests.Writer.TryWrite(request))
            throw new SshFormatException($"more than {MaxWaitingRequests} requests of the client, or {MaxWaitingBytes} bytes of them, wait to be served");
    }

    /// <summary>New rules are in force: what they forbid is to be closed.</summary>
    public void OnReloaded() => _reloads.Writer.TryWrite(true);

    /// <summary>Serves requests and heeds new rules until the connection ends; what waits then is not served any more. Never fails.</summary>
    public Task RunAsync(CancellationToken ended) => Task.WhenAll(ServeRequestsAsync(ended), HeedReloadsAsync(ended));

    public async ValueTask DisposeAsync()
    {
        Entry[] all;
        lock (_sync)
        {
            all = [.. _entries.Values, .. _stopped];
            _entries.Clear();
            _stopped.Clear();
            _count = 0;
        }

        foreach (Entry entry in all)
            await entry.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ServeRequestsAsync(CancellationToken ended)
    {
        try
        {
            await foreach (IncomingRequest request in _requests.Reader.ReadAllAsync(ended).ConfigureAwait(false))
            {
                ended.ThrowIfCancellationRequested();
                Interlocked.Add(ref _waitingBytes, -request.Fields.Length);
                try
                {
                    await ServeAsync(request, ended).ConfigureAwait(false);
                }
                catch (SshFormatException e)
                {
                    connection.Ssh.Close(CloseReason.ProtocolError, $"the client sent a malformed {Printable.Text(request.Name)}: {e.Message}");
                }
                catch (Exception e) when (e is not OperationCanceledException || !ended.IsCancellationRequested)
                {
                    Fault($"a {request.Name} failed: {e.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task HeedReloadsAsync(CancellationToken ended)
    {
        try
        {
            await foreach (bool _ in _reloads.Reader.ReadAllAsync(ended).ConfigureAwait(false))
                await HeedRulesAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <exception cref="SshFormatException">The request is malformed.</exception>
    private async ValueTask ServeAsync(IncomingRequest request, CancellationToken ended)
    {
        ReadOnlySpan<byte> fields = request.Fields.Span;
        switch (request.Name)
        {
            case TcpipForward.RequestName:
                TcpipForward tcp = TcpipForward.Read(fields);
                await ListenAsync(request, new(tcp.Address, (int)Math.Min(tcp.Port, int.MaxValue), null), ended).ConfigureAwait(false);
                break;
            case StreamLocalForward.RequestName:
                await ListenAsync(request, new(string.Empty, 0, StreamLocalForward.Read(fields).SocketPath), ended).ConfigureAwait(false);
                break;
            case TcpipForward.CancelName:
                TcpipForward cancelled = TcpipForward.Read(fields);
                await CancelAsync(request, new(cancelled.Address, (int)Math.Min(cancelled.Port, int.MaxValue), null)).ConfigureAwait(false);
                break;
            case StreamLocalForward.CancelName:
                await CancelAsync(request, new(string.Empty, 0, StreamLocalForward.Read(fields).SocketPath)).ConfigureAwait(false);
                break;
            default:
                request.Fail();
                break;
        }
    }

    private async ValueTask ListenAsync(IncomingRequest request, ListenRequest asked, CancellationToken ended)
    {
        ConnectionRules rules = connection.Rules;
        string? refusal = asked is { Path: null, Port: 0 } && !request.WantsReply
            ? "the client asks for any port and does not want to hear which"
            : rules.Policy.RefusesListen(asked);
        if (refusal is null && Has(asked))
            refusal = "the client has it already";
        if (refusal is not null)
        {
            Refuse(request, asked, refusal);
            return;
        }

        if (connection.Tally.TryAddListener() is not { } place)
        {
            Refuse(request, asked, "the user has as many remote forwards as allowed (AditMaxListeners)");
            return;
        }

        LocalListener? listener = null;
        try
        {
            ListenSpec binding = rules.Policy.Binding(asked);
            listener = await BindAsync(rules, asked, binding, ended).ConfigureAwait(false);
            ended.ThrowIfCancellationRequested();
            Begin(request, asked, binding, listener, place);
        }
        catch (Exception e)
        {
            place.Dispose();
            if (listener is not null)
                await listener.DisposeAsync().ConfigureAwait(false);
            ended.ThrowIfCancellationRequested();
            Refuse(request, asked, e.Message);
            return;
        }

        // They may have changed while it was made, and who heeded them has not seen it.
        if (connection.Rules != rules)
            await HeedRulesAsync().ConfigureAwait(false);
    }

    private async ValueTask<LocalListener> BindAsync(ConnectionRules rules, ListenRequest asked, ListenSpec binding, CancellationToken ended)
    {
        GatewaySettings settings = rules.Settings;
        if (asked.Path is { } path && settings.StreamLocalBindUnlink)
            SocketFile.Remove(path);
        var options = new LocalListenerOptions
        {
            UnixMode = (UnixFileMode)(0b110_110_110 & ~settings.StreamLocalBindMask),
            Resolve = ResolveAsync,
        };
        LocalListener listener = await LocalListener.BindAsync(binding, options, ended).ConfigureAwait(false);
        if (RefusesEnds(rules.Policy, asked, listener.Endpoints) is not { } refusal)
            return listener;
        await listener.DisposeAsync().ConfigureAwait(false);
        throw new IOException(refusal);
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] found = await connection.Names.ResolveAsync(host, cancellationToken).ConfigureAwait(false);
        return found.Length <= MaxAddresses ? found : throw new IOException($"the name has {found.Length} addresses, more than {MaxAddresses}; ask for one of them");
    }

    private void Begin(IncomingRequest request, ListenRequest asked, ListenSpec binding, LocalListener listener, IDisposable place)
    {
        ListenRequest known = asked.Path is null ? asked with { Port = listener.Endpoints[0].Port } : asked;
        string type = asked.Path is null ? DirectTcpip.ForwardedChannelType : ForwardedStreamLocal.ChannelType;
        var dialer = new MeteredDialer(new ForwardedDialer(connection.Ssh, connection.Leg, known), connection.Tally);
        var events = new ChannelEvents(connection, known);
        var options = new ForwardOptions
        {
            Admission = new SourceAdmission(() => connection.Rules.Settings.AditPermitFrom, () => connection.Rules.Terms(type, connection.Gateway.Time)),
            Events = events,
            TimeProvider = connection.Gateway.Time,
        };

        // The client hears of it before the first connection can come through.
        request.Succeed(asked is { Path: null, Port: 0 } ? new TcpipForwardReply((uint)known.Port).ToFields() : []);
        var entry = new Entry(asked, binding, Forward.Start(listener, listener.Endpoints[0], dialer, options), events, place);
        lock (_sync)
        {
            _entries[known] = entry;
            _count = _entries.Count;
        }
    }

    private async ValueTask CancelAsync(IncomingRequest request, ListenRequest asked)
    {
        if (Take(asked) is not { } entry)
        {
            request.Fail();
            return;
        }

        // Its connections go on, as with sshd.
        try
        {
            await StopListeningAsync(entry).ConfigureAwait(false);
        }
        finally
        {
            request.Succeed();
        }
    }

    // Closes what the rules of this moment forbid. The connections that came through already go on, as other channels do.
    private async Task HeedRulesAsync()
    {
        ForwardPolicy policy = connection.Rules.Policy;
        (ListenRequest Known, Entry Entry)[] all;
        lock (_sync)
            all = [.. _entries.Select(static entry => (entry.Key, entry.Value))];
        foreach ((ListenRequest known, Entry entry) in all)
        {
            if (Refuses(policy, entry) is not { } refusal || Take(known) is null)
                continue;
            entry.Events.WhyClosed = $"the rules have changed: {refusal}";
            try
            {
                await StopListeningAsync(entry).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Fault($"the forward of {known} could not be closed: {e.Message}");
            }
        }
    }

    private static string? Refuses(ForwardPolicy policy, Entry entry)
    {
        if (policy.RefusesListen(entry.Asked) is { } refusal)
            return refusal;
        try
        {
            if (policy.Binding(entry.Asked) != entry.Binding)
                return "GatewayPorts has it listen elsewhere";
        }
        catch (FormatException e)
        {
            return e.Message;
        }

        return RefusesEnds(policy, entry.Asked, entry.Ends);
    }

    private static string? RefusesEnds(ForwardPolicy policy, ListenRequest asked, IReadOnlyList<Endpoint> ends) => ends
        .Where(static end => !end.IsUnix)
        .Select(end => policy.RefusesBinding(asked with { Port = end.Port }, IPAddress.Parse(end.Host!)))
        .FirstOrDefault(static refusal => refusal is not null);

    private async ValueTask StopListeningAsync(Entry entry)
    {
        Entry[] done;
        try
        {
            await entry.StopListeningAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_sync)
            {
                done = [.. _stopped.Where(static stopped => stopped.IsDone)];
                _stopped.RemoveAll(done.Contains);
                _stopped.Add(entry);
            }
        }

        foreach (Entry stopped in done)
            await stopped.DisposeAsync().ConfigureAwait(false);
    }

    private bool Has(ListenRequest known)
    {
        lock (_sync)
            return _entries.ContainsKey(known);
    }

    private Entry? Take(ListenRequest known)
    {
        lock (_sync)
        {
            _entries.Remove(known, out Entry? entry);
            _count = _entries.Count;
            return entry;
        }
    }

    private void Refuse(IncomingRequest request, ListenRequest asked, string reason)
    {
        connection.Report(new() { Time = connection.Gateway.Now(), Event = GatewayEventKind.ForwardRefused, Target = asked.ToString(), Detail = reason });
        request.Fail();
    }

    private void Fault(string text) => connection.Report(new() { Time = connection.Gateway.Now(), Event = GatewayEventKind.Fault, Detail = text });

    private sealed class Entry(ListenRequest asked, ListenSpec binding, Forward forward, ChannelEvents events, IDisposable place) : IAsyncDisposable
    {
        /// <summary>What was asked for, with port 0 where any would do.</summary>
        public ListenRequest Asked => asked;

        /// <summary>What was made of it.</summary>
        public ListenSpec Binding => binding;

        public IReadOnlyList<Endpoint> Ends => forward.Endpoints;

        public ChannelEvents Events => events;

        /// <summary>Whether its last connection is gone.</summary>
        public bool IsDone => forward.Connections.Count == 0;

        public async ValueTask StopListeningAsync()
        {
            await forward.StopAcceptingAsync().ConfigureAwait(false);
            place.Dispose();
        }

        public async ValueTask DisposeAsync()
        {
            await forward.DisposeAsync().ConfigureAwait(false);
            place.Dispose();
        }
    }
}
