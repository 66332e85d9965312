using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Mux.Messages;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh;
using Adit.Wording;

namespace Adit.Mux;

/// <summary>
/// A client of a master, ours or ssh's: asks for what -O asks for, and hands over its own standard streams for sessions and stdio
/// forwards. One request at a time. Every wait for a master that does not answer ends by its token alone.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MuxClient : IDisposable
{
    private readonly MuxSocket _socket;
    private readonly string _path;
    private uint _lastRequest;

    private MuxClient(MuxSocket socket, string path) => (_socket, _path) = (socket, Printable.Text(path));

    /// <summary>Whether the master answers <see cref="DescribeConnectionAsync"/> and <see cref="DescribeChannelsAsync"/>: OpenSSH from 10.3 on.</summary>
    internal bool HasInfo { get; private set; }

    /// <summary>Connects to the master at a control path.</summary>
    /// <exception cref="MuxException">There is no master, it is another user's, or it speaks another version; the message says what to do.</exception>
    internal static async Task<MuxClient> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        var socket = new MuxSocket(await DialAsync(path, cancellationToken).ConfigureAwait(false));
        var client = new MuxClient(socket, path);
        try
        {
            // Standard streams are handed to whoever listens there.
            if (!socket.IsPeerTrusted)
                throw new MuxException($"the master at {client._path} is another user's; set a ControlPath in a folder of your own");
            await client.GreetAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>The process of the master (-O check).</summary>
    /// <exception cref="MuxException">It did not answer.</exception>
    internal async Task<int> CheckAsync(CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new AliveCheck(id), [], cancellationToken).ConfigureAwait(false);
        Alive alive = Expect<Alive>(await AnswerAsync(cancellationToken).ConfigureAwait(false), "be checked");
        RequireSame(id, alive.RequestId);
        return (int)alive.ProcessId;
    }

    /// <summary>Asks for a forward (-O forward).</summary>
    /// <returns>The port, where the master was to choose it; else null.</returns>
    /// <exception cref="MuxException">It is not there; the message holds the master's reason.</exception>
    internal async Task<int?> ForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new OpenForward(id, forward.ToFields()), [], cancellationToken).ConfigureAwait(false);
        byte[] answer = await AnswerAsync(cancellationToken).ConfigureAwait(false);
        if (NumberOf(answer) != MuxMessageNumber.RemotePort)
        {
            RequireSame(id, Expect<Ok>(answer, $"forward {forward}").RequestId);
            return null;
        }

        var chosen = Decode<RemotePort>(answer);
        RequireSame(id, chosen.RequestId);
        return chosen.Port is > 0 and <= ushort.MaxValue
            ? (int)chosen.Port
            : throw new MuxException($"the master at {_path} names port {chosen.Port}, which is none");
    }

    /// <summary>Ends a forward (-O cancel).</summary>
    /// <exception cref="MuxException">The master knows no such forward, or said no.</exception>
    internal async Task CancelForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new CloseForward(id, forward.ToFields()), [], cancellationToken).ConfigureAwait(false);
        RequireSame(id, Expect<Ok>(await AnswerAsync(cancellationToken).ConfigureAwait(false), $"cancel {forward}").RequestId);
    }

    /// <summary>Tells the master to take no more clients (-O stop).</summary>
    /// <exception cref="MuxException">It said no.</exception>
    internal async Task StopListeningAsync(CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new StopListening(id), [], cancellationToken).ConfigureAwait(false);
        RequireSame(id, Expect<Ok>(await AnswerAsync(cancellationToken).ConfigureAwait(false), "stop listening").RequestId);
    }

    /// <summary>Completes when the master is gone.</summary>
    /// <exception cref="MuxException">It said something that was not due.</exception>
    internal async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } packet)
            throw Unexpected(packet);
    }

    /// <summary>Tells the master to end (-O exit).</summary>
    /// <exception cref="MuxException">It said no.</exception>
    internal async Task ExitAsync(CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new Terminate(id), [], cancellationToken).ConfigureAwait(false);
        // ssh may be gone before its answer is.
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } answer)
            RequireSame(id, Expect<Ok>(answer, "exit").RequestId);
    }

    /// <summary>What the master says about its connection (-O conninfo), its lines made harmless.</summary>
    /// <exception cref="MuxException">It cannot say.</exception>
    internal Task<string> DescribeConnectionAsync(CancellationToken cancellationToken) => DescribeAsync(Info.Connection, cancellationToken);

    /// <summary>What the master says about its channels (-O channels), its lines made harmless.</summary>
    /// <exception cref="MuxException">It cannot say.</exception>
    internal Task<string> DescribeChannelsAsync(CancellationToken cancellationToken) => DescribeAsync(Info.Channels, cancellationToken);

    /// <summary>All about the tunnel as JSON, from a master that is adit.</summary>
    /// <exception cref="MuxException">It cannot say.</exception>
    internal Task<string> DescribeTunnelAsync(CancellationToken cancellationToken) => DescribeAsync(Info.Tunnel, cancellationToken);

    /// <summary>Has the master connect this process's streams with a target, and waits for the end of that (-W).</summary>
    /// <param name="target">The target.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="opened">Called when the streams are connected.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    /// <exception cref="MuxException">It does not come about.</exception>
    internal async Task ForwardStdioAsync(
        Endpoint target, SafeHandle input, SafeHandle output, Action? opened = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        uint id = NextRequest();
        (string host, uint port) = MuxForward.Of(target);
        await SendAsync(new NewStdioForward(id, host, port), [input, output], cancellationToken).ConfigureAwait(false);
        byte[] answer = await AnswerAsync(cancellationToken).ConfigureAwait(false);
        RequireSame(id, Expect<SessionOpened>(answer, $"connect to {target}").RequestId);
        opened?.Invoke();
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } packet)
            throw Unexpected(packet);
    }

    /// <summary>Has the master run a session on this process's streams, and waits for its end.</summary>
    /// <remarks>
    /// To end the session early, cancel. Who has a terminal puts it into raw mode once the session is open, and passes SIGWINCH on to the
    /// master's process (<see cref="CheckAsync"/>), which asks the terminal for its new size.
    /// </remarks>
    /// <param name="request">What is to run.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="opened">Called when the session has begun.</param>
    /// <param name="terminalRefused">Called if the server gave it no terminal: raw mode is to be left.</param>
    /// <param name="cancellationToken">Ends the session.</param>
    /// <returns>The exit status; null where the master went away without telling it, for which ssh returns 255.</returns>
    /// <exception cref="MuxException">The session did not begin, or the master broke the protocol.</exception>
    internal async Task<int?> RunSessionAsync(
        MuxSessionRequest request,
        SafeHandle input,
        SafeHandle output,
        SafeHandle error,
        Action? opened = null,
        Action? terminalRefused = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        uint id = NextRequest();
        await SendAsync(ToMessage(id, request), [input, output, error], cancellationToken).ConfigureAwait(false);
        SessionOpened session = Expect<SessionOpened>(await AnswerAsync(cancellationToken).ConfigureAwait(false), "open a session");
        RequireSame(id, session.RequestId);
        opened?.Invoke();
        int? status = null;
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } packet)
        {
            switch (NumberOf(packet))
            {
                case MuxMessageNumber.ExitMessage when status is null:
                    var exit = Decode<ExitMessage>(packet);
                    RequireSame(session.SessionId, exit.SessionId);
                    status = (int)exit.Status;
                    break;
                case MuxMessageNumber.TtyAllocationFailed:
                    RequireSame(session.SessionId, Decode<TtyAllocationFailed>(packet).SessionId);
                    terminalRefused?.Invoke();
                    break;
                default:
                    throw Unexpected(packet);
            }
        }

        return status;
    }

    /// <summary>
    /// Turns the connection into one of the SSH connection protocol, RFC 4254, over the master's (-O proxy): packets of length, a zero
    /// byte and payload. The stream is the caller's; this client is used up.
    /// </summary>
    /// <exception cref="MuxException">The master does not do that, or said no.</exception>
    internal async Task<Duplex> OpenProxyAsync(CancellationToken cancellationToken)
    {
        uint id = NextRequest();
        await SendAsync(new Proxy(id), [], cancellationToken).ConfigureAwait(false);
        RequireSame(id, Expect<ProxyStarted>(await AnswerAsync(cancellationToken).ConfigureAwait(false), "share the connection itself").RequestId);
        return _socket.ToDuplex();
    }

    /// <summary>Goes away; with it go the session or stdio forward that it asked for.</summary>
    public void Dispose() => _socket.Dispose();

    private static async Task<Socket> DialAsync(string path, CancellationToken cancellationToken)
    {
        string shown = Printable.Text(path);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(UnixAddress.Of(path), cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                    new MuxException($"no master listens at {shown}: there is no such socket; start one with -M, or check ControlPath", e),
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                    new MuxException($"no master listens at {shown} any more: its socket was left behind; start a new one with -M, which replaces it", e),
                SocketException failure => new MuxException($"cannot connect to the master at {shown}: {SocketFailure.Describe(failure)}", e),
                FormatException => new MuxException($"ControlPath cannot be used: {Printable.Text(e.Message)}", e),
                _ => e,
            };
        }
    }

    private async Task GreetAsync(CancellationToken cancellationToken)
    {
        await SendAsync(new Hello(Hello.CurrentVersion, HasInfo: false), [], cancellationToken).ConfigureAwait(false);
        byte[] packet = await AnswerAsync(cancellationToken).ConfigureAwait(false);
        Hello hello = Expect<Hello>(packet, "say hello");
        if (hello.Version != Hello.CurrentVersion)
            throw new MuxException($"the master at {_path} speaks version {hello.Version} of the protocol, and {Hello.CurrentVersion} is needed; end it and start a new one");
        HasInfo = hello.HasInfo;
    }

    private async Task<string> DescribeAsync(string name, CancellationToken cancellationToken)
    {
        if (!HasInfo)
            throw new MuxException($"the master at {_path} cannot tell about itself; that takes adit, or OpenSSH 10.3");
        uint id = NextRequest();
        await SendAsync(new Info(id, name), [], cancellationToken).ConfigureAwait(false);
        InfoReply reply = Expect<InfoReply>(await AnswerAsync(cancellationToken).ConfigureAwait(false), $"tell about its {name}");
        RequireSame(id, reply.RequestId);
        string text = Printable.Text(reply.Text, keepLines: true);
        return reply.Known ? text : throw new MuxException($"the master at {_path} does not tell about its {name}: {text}");
    }

    private uint NextRequest() => _lastRequest++;

    private async Task SendAsync<T>(T message, IReadOnlyList<SafeHandle> descriptors, CancellationToken cancellationToken)
        where T : struct, IMuxMessage<T>
    {
        try
        {
            await _socket.WriteAsync(message, descriptors, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Lost(e);
        }
    }

    private async Task<byte[]> AnswerAsync(CancellationToken cancellationToken) =>
        await ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw Lost(null);

    private async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Lost(e);
        }
        catch (SshFormatException e)
        {
            throw Malformed(e);
        }
    }

    /// <exception cref="MuxException">It is a refusal, which becomes the message, or something else altogether.</exception>
    private T Expect<T>(byte[] packet, string what)
        where T : struct, IMuxMessage<T>
    {
        MuxMessageNumber number = NumberOf(packet);
        if (number == T.Number)
            return Decode<T>(packet);
        throw number switch
        {
            MuxMessageNumber.PermissionDenied =>
                new MuxException($"the master at {_path} was not allowed to {Printable.Text(what)}: {Printable.Text(Decode<PermissionDenied>(packet).Reason)}"),
            MuxMessageNumber.Failure =>
                new MuxException($"the master at {_path} could not {Printable.Text(what)}: {Printable.Text(Decode<Failure>(packet).Reason)}"),
            _ => Unexpected(packet),
        };
    }

    private T Decode<T>(byte[] packet)
        where T : struct, IMuxMessage<T>
    {
        try
        {
            return MuxMessage.Decode<T>(packet);
        }
        catch (SshFormatException e)
        {
            throw Malformed(e);
        }
    }

    private MuxMessageNumber NumberOf(byte[] packet)
    {
        try
        {
            return MuxMessage.NumberOf(packet);
        }
        catch (SshFormatException e)
        {
            throw Malformed(e);
        }
    }

    private void RequireSame(uint asked, uint answered)
    {
        if (asked != answered)
            throw new MuxException($"the master at {_path} answered {answered} where {asked} was asked; it does not keep to the protocol");
    }

    private MuxException Lost(Exception? e) =>
        new($"the master at {_path} closed the connection without an answer; it may have ended, or turned this client away (its -v says more)", e);

    private MuxException Malformed(Exception e) => new($"the master at {_path} does not keep to the protocol: {e.Message}", e);

    private MuxException Unexpected(byte[] packet) =>
        new($"the master at {_path} does not keep to the protocol: message 0x{(uint)NumberOf(packet):x8} was not due");

    private static NewSession ToMessage(uint id, MuxSessionRequest request) => new(
        id,
        request.WantsTerminal,
        request.WantsX11,
        request.WantsAgent,
        request.IsSubsystem,
        request.EscapeChar ?? NewSession.NoEscapeChar,
        request.Terminal,
        request.Command,
        request.Environment);
}
