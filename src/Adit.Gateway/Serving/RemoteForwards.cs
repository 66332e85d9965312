using System.Net;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.Relay;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;

namespace Adit.Gateway.Serving;

/// <summary>
/// Where one client has the gateway listen: tcpip-forward and streamlocal-forward, RFC 4254 section 7.1 and OpenSSH's PROTOCOL section 2.4.
/// Requests are served one after the other.
/// </summary>
internal sealed class RemoteForwards(GatewayConnection connection) : IAsyncDisposable
{
    private readonly Dictionary<ListenRequest, Entry> _entries = [];
    private readonly List<Entry> _cancelled = [];
    private volatile int _count;

    /// <summary>How many there are.</summary>
    public int Count => _count;

    /// <exception cref="Ssh.SshFormatException">The request is malformed.</exception>
    public async ValueTask ServeAsync(IncomingRequest request)
    {
        ReadOnlySpan<byte> fields = request.Fields.Span;
        switch (request.Name)
        {
            case TcpipForward.RequestName:
                TcpipForward tcp = TcpipForward.Read(fields);
                await ListenAsync(request, new(tcp.Address, (int)Math.Min(tcp.Port, int.MaxValue), null)).ConfigureAwait(false);
                break;
            case StreamLocalForward.RequestName:
                await ListenAsync(request, new(string.Empty, 0, StreamLocalForward.Read(fields).SocketPath)).ConfigureAwait(false);
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

    public async ValueTask DisposeAsync()
    {
        foreach (Entry entry in (Entry[])[.. _entries.Values, .. _cancelled])
            await entry.DisposeAsync().ConfigureAwait(false);
        _entries.Clear();
        _cancelled.Clear();
        _count = 0;
    }

    private async ValueTask ListenAsync(IncomingRequest request, ListenRequest asked)
    {
        string? refusal = asked is { Path: null, Port: 0 } && !request.WantsReply
            ? "the client asks for any port and does not want to hear which"
            : connection.Rules.Policy.RefusesListen(asked);
        if (refusal is null && _entries.ContainsKey(asked))
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
            listener = await BindAsync(asked).ConfigureAwait(false);
            Begin(request, asked, listener, place);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            place.Dispose();
            if (listener is not null)
                await listener.DisposeAsync().ConfigureAwait(false);
            Refuse(request, asked, e.Message);
        }
    }

    private async ValueTask<LocalListener> BindAsync(ListenRequest asked)
    {
        GatewaySettings settings = connection.Rules.Settings;
        if (asked.Path is { } path && settings.StreamLocalBindUnlink)
            SocketFile.Remove(path);
        var options = new LocalListenerOptions { UnixMode = (UnixFileMode)(0b110_110_110 & ~settings.StreamLocalBindMask) };
        LocalListener listener = await LocalListener.BindAsync(connection.Rules.Policy.Binding(asked), options).ConfigureAwait(false);
        foreach (Endpoint end in listener.Endpoints.Where(static end => !end.IsUnix))
        {
            if (connection.Rules.Policy.RefusesBinding(asked with { Port = end.Port }, IPAddress.Parse(end.Host!)) is not { } refusal)
                continue;
            await listener.DisposeAsync().ConfigureAwait(false);
            throw new IOException(refusal);
        }

        return listener;
    }

    private void Begin(IncomingRequest request, ListenRequest asked, LocalListener listener, IDisposable place)
    {
        ListenRequest known = asked.Path is null ? asked with { Port = listener.Endpoints[0].Port } : asked;
        var dialer = new MeteredDialer(new ForwardedDialer(connection.Ssh, connection.Leg, known), connection.Tally);
        var options = new ForwardOptions
        {
            Admission = new SourceAdmission(() => connection.Rules.Settings.AditPermitFrom),
            Relay = connection.Rules.Terms(asked.Path is null ? DirectTcpip.ForwardedChannelType : ForwardedStreamLocal.ChannelType, connection.Gateway.Time),
            Events = new ChannelEvents(connection, known),
            TimeProvider = connection.Gateway.Time,
        };

        // The client hears of it before the first connection can come through.
        request.Succeed(asked is { Path: null, Port: 0 } ? new TcpipForwardReply((uint)known.Port).ToFields() : []);
        _entries.Add(known, new(Forward.Start(listener, listener.Endpoints[0], dialer, options), place));
        _count = _entries.Count;
    }

    private async ValueTask CancelAsync(IncomingRequest request, ListenRequest asked)
    {
        if (!_entries.Remove(asked, out Entry? entry))
        {
            request.Fail();
            return;
        }

        _count = _entries.Count;

        // Its connections go on, as with sshd.
        await entry.StopListeningAsync().ConfigureAwait(false);
        request.Succeed();
        foreach (Entry done in _cancelled.Where(static entry => entry.IsDone).ToArray())
        {
            _cancelled.Remove(done);
            await done.DisposeAsync().ConfigureAwait(false);
        }

        _cancelled.Add(entry);
    }

    private void Refuse(IncomingRequest request, ListenRequest asked, string reason)
    {
        connection.Report(new() { Time = connection.Gateway.Now(), Event = GatewayEventKind.ForwardRefused, Target = asked.ToString(), Detail = reason });
        request.Fail();
    }

    private sealed class Entry(Forward forward, IDisposable place) : IAsyncDisposable
    {
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
