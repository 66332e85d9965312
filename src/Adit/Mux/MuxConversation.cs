using System.Runtime.Versioning;
using Adit.Mux.Messages;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh;
using Adit.Wording;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>
/// What a master and one client say. Requests are answered in order; a session or stdio forward runs beside them, and its end ends the
/// conversation, as the client's end ends it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MuxConversation(MuxSocket socket, MuxMaster master) : IDisposable
{
    private readonly CancellationTokenSource _passengerDone = new();
    private Task _passenger = Task.CompletedTask;
    private volatile bool _isRidden;

    private IMuxTarget Target => master.Target;

    /// <summary>Talks until the client has gone, what it ran has ended, or the master stops.</summary>
    /// <exception cref="SshFormatException">The client broke the protocol.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The connection failed.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _passengerDone.Token);
        try
        {
            await GreetAsync(over.Token).ConfigureAwait(false);
            while (await socket.ReadAsync(over.Token).ConfigureAwait(false) is { } packet
                && await AnswerAsync(packet, gone.Token).ConfigureAwait(false))
            {
            }
        }
        catch (OperationCanceledException) when (_passengerDone.IsCancellationRequested)
        {
            // What the client came for is done.
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
            await _passenger.ConfigureAwait(false);
        }
    }

    public void Dispose() => _passengerDone.Dispose();

    private async Task GreetAsync(CancellationToken cancellationToken)
    {
        await socket.WriteAsync(new Hello(Hello.CurrentVersion, HasInfo: true), cancellationToken).ConfigureAwait(false);
        byte[] packet = await socket.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new SshFormatException("the client did not say hello");
        Hello hello = MuxMessage.Decode<Hello>(packet);
        if (hello.Version != Hello.CurrentVersion)
            throw new SshFormatException($"the client speaks version {hello.Version} of the protocol, and {Hello.CurrentVersion} is the one there is");
    }

    // False when the conversation is over.
    private async Task<bool> AnswerAsync(byte[] packet, CancellationToken cancellationToken)
    {
        switch (MuxMessage.NumberOf(packet))
        {
            case MuxMessageNumber.AliveCheck:
                var check = MuxMessage.Decode<AliveCheck>(packet);
                await socket.WriteAsync(new Alive(check.RequestId, (uint)Environment.ProcessId), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.OpenForward:
                await OpenForwardAsync(MuxMessage.Decode<OpenForward>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.CloseForward:
                await CloseForwardAsync(MuxMessage.Decode<CloseForward>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.NewSession:
                await StartSessionAsync(MuxMessage.Decode<NewSession>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.NewStdioForward:
                await StartStdioForwardAsync(MuxMessage.Decode<NewStdioForward>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.StopListening:
                await StopListeningAsync(MuxMessage.Decode<StopListening>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.Terminate:
                await TerminateAsync(MuxMessage.Decode<Terminate>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.Info:
                await DescribeAsync(MuxMessage.Decode<Info>(packet), cancellationToken).ConfigureAwait(false);
                break;
            case MuxMessageNumber.Proxy:
                return !await ProxyAsync(MuxMessage.Decode<Proxy>(packet), cancellationToken).ConfigureAwait(false);
            case MuxMessageNumber.Hello:
                throw new SshFormatException("the client said hello twice");
            default:
                await FailAsync(RequestIdOf(packet), "unsupported request", cancellationToken).ConfigureAwait(false);
                break;
        }

        return true;
    }

    private async Task OpenForwardAsync(OpenForward request, CancellationToken cancellationToken)
    {
        try
        {
            MuxForward forward = MuxForward.From(request.Forward);
            if (!await ConfirmAsync(request.RequestId, $"Open {Printable.Text(forward.ToString())} on {master.Options.Name}?", cancellationToken).ConfigureAwait(false))
                return;
            if (await Target.OpenForwardAsync(forward, cancellationToken).ConfigureAwait(false) is { } port)
                await socket.WriteAsync(new RemotePort(request.RequestId, (uint)port), cancellationToken).ConfigureAwait(false);
            else
                await socket.WriteAsync(new Ok(request.RequestId), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsFailure(e))
        {
            await FailAsync(request.RequestId, e.Message, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CloseForwardAsync(CloseForward request, CancellationToken cancellationToken)
    {
        try
        {
            await Target.CloseForwardAsync(MuxForward.From(request.Forward), cancellationToken).ConfigureAwait(false);
            await socket.WriteAsync(new Ok(request.RequestId), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsFailure(e))
        {
            await FailAsync(request.RequestId, e.Message, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StartSessionAsync(NewSession request, CancellationToken cancellationToken)
    {
        SafeFileHandle[] received = await socket.ReadDescriptorsAsync(NewSession.Descriptors, cancellationToken).ConfigureAwait(false);
        var streams = new MuxStandardStreams(received[0], received[1], received[2], master.Waiter);
        await BoardAsync(request.RequestId, streams, () => RunSessionAsync(request, streams, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task StartStdioForwardAsync(NewStdioForward request, CancellationToken cancellationToken)
    {
        SafeFileHandle[] received = await socket.ReadDescriptorsAsync(NewStdioForward.Descriptors, cancellationToken).ConfigureAwait(false);
        var stdio = new StreamDuplex(DescriptorStream.Reader(received[0], master.Waiter), DescriptorStream.Writer(received[1], master.Waiter));
        await BoardAsync(request.RequestId, stdio, () => RunStdioForwardAsync(request, stdio, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    // A conversation has one passenger at most, as with OpenSSH.
    private async Task BoardAsync(uint requestId, object streams, Func<Task<Func<ValueTask>?>> run, CancellationToken cancellationToken)
    {
        if (_isRidden)
        {
            await CloseAsync(streams).ConfigureAwait(false);
            await FailAsync(requestId, "this client has a session already; begin another one for another session", cancellationToken).ConfigureAwait(false);
            return;
        }

        await _passenger.ConfigureAwait(false);
        _isRidden = true;
        _passenger = RideAsync(streams, run);
    }

    // Who is turned away may ask for something else at once, so the place is free by the time that it hears so.
    private async Task RideAsync(object streams, Func<Task<Func<ValueTask>?>> run)
    {
        Func<ValueTask>? refuse = null;
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            refuse = await run().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client went away, or the master ends.
        }
        finally
        {
            await CloseAsync(streams).ConfigureAwait(false);
            if (refuse is null)
                await _passengerDone.CancelAsync().ConfigureAwait(false);
        }

        _isRidden = false;
        if (refuse is not null)
            await refuse().ConfigureAwait(false);
    }

    // Returns the refusal where it did not begin.
    private async Task<Func<ValueTask>?> RunSessionAsync(NewSession request, MuxStandardStreams streams, CancellationToken cancellationToken)
    {
        if (!await IsAllowedAsync($"Allow shared connection to {master.Options.Name}?", cancellationToken).ConfigureAwait(false))
            return () => DenyAsync(request.RequestId, cancellationToken);
        IMuxSession session;
        try
        {
            session = await Target.OpenSessionAsync(ToSession(request), streams, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return () => FailAsync(request.RequestId, e.Message, cancellationToken);
        }

        await using (session.ConfigureAwait(false))
        {
            uint id = master.NextSession();
            await socket.WriteAsync(new SessionOpened(request.RequestId, id), cancellationToken).ConfigureAwait(false);
            int? status = await session.RunAsync(
                () => socket.WriteAsync(new TtyAllocationFailed(id), cancellationToken), cancellationToken).ConfigureAwait(false);
            if (status is { } known)
                await socket.WriteAsync(new ExitMessage(id, (uint)known), cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<Func<ValueTask>?> RunStdioForwardAsync(NewStdioForward request, StreamDuplex stdio, CancellationToken cancellationToken)
    {
        DialedConnection dialed;
        try
        {
            Endpoint target = MuxForward.Target(request.Host, request.Port);
            if (!await IsAllowedAsync($"Allow forward to {Printable.Text(target.ToString())}?", cancellationToken).ConfigureAwait(false))
                return () => DenyAsync(request.RequestId, cancellationToken);
            dialed = await Target.Dialer.DialAsync(target, ConnectionOrigin.ThisProcess, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return () => FailAsync(request.RequestId, e.Message, cancellationToken);
        }

        await using (dialed.Duplex.ConfigureAwait(false))
        {
            await socket.WriteAsync(new SessionOpened(request.RequestId, master.NextSession()), cancellationToken).ConfigureAwait(false);
            RelayResult result = await new DuplexRelay(stdio, dialed.Duplex).RunAsync(cancellationToken).ConfigureAwait(false);
            if (result.Error is { } error)
                master.Log($"mux: a stdio forward to {Printable.Text(request.Host)} broke: {error.Message}");
        }

        return null;
    }

    private async Task StopListeningAsync(StopListening request, CancellationToken cancellationToken)
    {
        if (!await ConfirmAsync(request.RequestId, $"Disable further multiplexing on shared connection to {master.Options.Name}?", cancellationToken, isUse: false).ConfigureAwait(false))
            return;
        master.StopListening();
        await socket.WriteAsync(new Ok(request.RequestId), cancellationToken).ConfigureAwait(false);
    }

    private async Task TerminateAsync(Terminate request, CancellationToken cancellationToken)
    {
        if (!await ConfirmAsync(request.RequestId, $"Terminate shared connection to {master.Options.Name}?", cancellationToken, isUse: false).ConfigureAwait(false))
            return;
        await socket.WriteAsync(new Ok(request.RequestId), cancellationToken).ConfigureAwait(false);
        Target.Terminate();
    }

    private ValueTask DescribeAsync(Info request, CancellationToken cancellationToken)
    {
        string? text = request.Name switch
        {
            Info.Connection => Target.DescribeConnection(),
            Info.Channels => Target.DescribeChannels(),
            Info.Tunnel => Target.DescribeTunnel(),
            _ => null,
        };
        return socket.WriteAsync(new InfoReply(request.RequestId, text is not null, text ?? "this master has no such information"), cancellationToken);
    }

    // True when the connection was a proxy's, and so is used up.
    private async Task<bool> ProxyAsync(Proxy request, CancellationToken cancellationToken)
    {
        if (Target.Connection is not { } connection || _isRidden)
        {
            await FailAsync(request.RequestId, "this master gives nobody its connection itself; use forwards and sessions", cancellationToken).ConfigureAwait(false);
            return false;
        }

        if (!await ConfirmAsync(request.RequestId, "Allow multiplex proxy connection?", cancellationToken).ConfigureAwait(false))
            return false;
        await socket.WriteAsync(new ProxyStarted(request.RequestId), cancellationToken).ConfigureAwait(false);
        var proxy = new MuxProxy(socket.ToDuplex(), connection, master.ProxyForwards);
        await using (proxy.ConfigureAwait(false))
            await proxy.RunAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async ValueTask<bool> ConfirmAsync(uint requestId, string question, CancellationToken cancellationToken, bool isUse = true)
    {
        if (await IsAllowedAsync(question, cancellationToken, isUse).ConfigureAwait(false))
            return true;
        await DenyAsync(requestId, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private ValueTask<bool> IsAllowedAsync(string question, CancellationToken cancellationToken, bool isUse = true) =>
        isUse && !master.Options.MayBeUsed ? ValueTask.FromResult(false)
        : master.Options.Confirm is { } confirm ? confirm(question, cancellationToken) : ValueTask.FromResult(true);

    private ValueTask DenyAsync(uint requestId, CancellationToken cancellationToken) =>
        socket.WriteAsync(new PermissionDenied(requestId, "Permission denied"), cancellationToken);

    private ValueTask FailAsync(uint requestId, string reason, CancellationToken cancellationToken)
    {
        string shown = Printable.Text(reason);
        master.Log($"mux: a client's request failed: {shown}");
        return socket.WriteAsync(new Failure(requestId, shown), cancellationToken);
    }

    private static bool IsFailure(Exception e) => e is IOException or SshException or FormatException or ArgumentException;

    private static async ValueTask CloseAsync(object streams)
    {
        if (streams is IAsyncDisposable later)
            await later.DisposeAsync().ConfigureAwait(false);
        else
            ((IDisposable)streams).Dispose();
    }

    private static uint RequestIdOf(byte[] packet)
    {
        var reader = new MuxReader(packet);
        reader.ReadUInt32();
        return reader.ReadUInt32();
    }

    private static MuxSessionRequest ToSession(in NewSession request) => new()
    {
        WantsTerminal = request.WantsTerminal,
        WantsX11 = request.WantsX11,
        WantsAgent = request.WantsAgent,
        IsSubsystem = request.IsSubsystem,
        EscapeChar = request.EscapeChar <= byte.MaxValue ? (char)request.EscapeChar : null,
        Terminal = request.Terminal,
        Command = request.Command,
        Environment = request.Environment,
    };
}
