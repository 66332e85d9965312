using System.Buffers;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Wording;

namespace Adit.Sessions;

/// <summary>
/// A shell, command or subsystem on the server, RFC 4254 section 6: opened, then run once between three streams. What it is told besides
/// (size, signals, break) may come from any thread. Its owner disposes it.
/// </summary>
internal sealed class ClientSession : IAsyncDisposable
{
    private const string EndOfWrite = "eow@openssh.com";
    private const int BlockSize = 32 * 1024;

    // As ssh's for a session.
    private static readonly ChannelOptions ForSession = new() { ReceiveErrors = true };

    // Set when nobody reads the command's input any more.
    private readonly TaskCompletionSource _inputEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _hearsEndOfWrite;
    private Channel _channel = null!;
    private volatile SessionResult _result = new();

    private ClientSession(bool hearsEndOfWrite) => _hearsEndOfWrite = hearsEndOfWrite;

    /// <summary>Whether the command runs on a terminal.</summary>
    public bool HasTerminal { get; private set; }

    /// <summary>Opens a session and starts what it runs.</summary>
    /// <param name="connection">The connection to the server.</param>
    /// <param name="options">What the session is to be.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="ChannelOpenException">The server lets no session be opened.</exception>
    /// <exception cref="SshException">The server refused what the session is to be, or the connection ended.</exception>
    public static async Task<ClientSession> OpenAsync(SshConnection connection, SessionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var session = new ClientSession(connection.Info.PeerIdentification.Contains("OpenSSH", StringComparison.Ordinal));
        try
        {
            session._channel = await connection.OpenAsync(SessionStart.ChannelType, [], ForSession, session.OnRequest, cancellationToken).ConfigureAwait(false);
            await session.StartAsync(options, cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Tells the command that its terminal has another size now.</summary>
    public void Resize(TerminalSize size)
    {
        if (HasTerminal)
            _channel.Notify(WindowChange.RequestName, new WindowChange((uint)size.Columns, (uint)size.Rows, (uint)size.PixelWidth, (uint)size.PixelHeight).ToFields());
    }

    /// <summary>Sends a signal to the command, RFC 4254 section 6.9.</summary>
    /// <param name="name">The signal without SIG, such as <c>TERM</c>.</param>
    public void Signal(string name) => _channel.Notify(SessionSignal.RequestName, new SessionSignal(name).ToFields());

    /// <summary>Sends a break, RFC 4335.</summary>
    public void Break(TimeSpan length) => _channel.Notify(SessionBreak.RequestName, new SessionBreak((uint)length.TotalMilliseconds).ToFields());

    /// <summary>
    /// Passes bytes on until the server closes the session: all that it sent has been written by then. The end of the input is the end of
    /// the command's input. An output that takes no more (a closed pipe) is told to the server, and what still comes for it is dropped.
    /// </summary>
    /// <param name="streams">The ends on this side.</param>
    /// <param name="cancellationToken">Ends the session at once.</param>
    /// <exception cref="OperationCanceledException">It was ended by the token.</exception>
    /// <exception cref="IOException">The input cannot be read.</exception>
    public async Task<SessionResult> RunAsync(SessionStreams streams, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);
        using var inputStop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task stopping = StopInputAsync(inputStop);
        Task feeding = FeedAsync(streams.Input, inputStop.Token);
        try
        {
            await Task.WhenAll(
                DrainAsync(_channel.ReadAsync, streams.Output, isOutput: true, cancellationToken),
                DrainAsync(_channel.ReadErrorAsync, streams.Error, isOutput: false, cancellationToken)).ConfigureAwait(false);
            await _channel.WaitForCloseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            _result = _result with { Lost = e };
        }
        finally
        {
            _inputEnd.TrySetResult();
            await stopping.ConfigureAwait(false);
            await feeding.ConfigureAwait(false);
        }

        return _result;
    }

    /// <summary>Closes the session, if it has not come to its end.</summary>
    public ValueTask DisposeAsync() => _channel is null ? default : _channel.DisposeAsync();

    // All at once, and the replies behind: a round trip for each would be felt.
    private async Task StartAsync(SessionOptions options, CancellationToken cancellationToken)
    {
        Task<bool> terminal = options.Terminal is { } asked
            ? _channel.RequestAsync(PtyRequest.RequestName, Encode(asked), cancellationToken).AsTask()
            : Task.FromResult(false);
        foreach ((string name, string value) in options.Environment)
            _channel.Notify(EnvironmentRequest.RequestName, new EnvironmentRequest(name, value).ToFields());
        string request = options.Kind switch
        {
            SessionKind.Command => SessionStart.ExecRequest,
            SessionKind.Subsystem => SessionStart.SubsystemRequest,
            _ => SessionStart.ShellRequest,
        };
        byte[] fields = options.Kind is SessionKind.Shell ? [] : new SessionStart(options.Text).ToFields();
        Task<bool> started = _channel.RequestAsync(request, fields, cancellationToken).AsTask();
        bool[] replies = await Task.WhenAll(terminal, started).ConfigureAwait(false);
        (HasTerminal, bool runs) = (replies[0], replies[1]);
        if (options.Terminal is { IsRequired: true } && !HasTerminal)
            throw new SshException("the server gives the session no terminal (PTY allocation request failed)");
        if (!runs)
            throw new SshException($"the server does not run what was asked for ({request} request failed)");
    }

    private static byte[] Encode(SessionTerminal terminal)
    {
        (int columns, int rows, int pixelWidth, int pixelHeight) = terminal.Size;
        return new PtyRequest(terminal.Term, (uint)columns, (uint)rows, (uint)pixelWidth, (uint)pixelHeight, TerminalModes.Encode(terminal.Modes)).ToFields();
    }

    // Called on the connection's receive loop.
    private void OnRequest(IncomingRequest request)
    {
        switch (request.Name)
        {
            case ExitStatus.RequestName:
                _result = _result with { Status = ExitStatus.Read(request.Fields.Span).Status };
                request.Succeed();
                break;
            case ExitSignal.RequestName:
                _result = _result with { Signal = Printable.Text(ExitSignal.Read(request.Fields.Span).Signal) };
                request.Succeed();
                break;
            case EndOfWrite:
                _inputEnd.TrySetResult();
                request.Succeed();
                break;
            default:
                request.Fail();
                break;
        }
    }

    private async Task StopInputAsync(CancellationTokenSource inputStop)
    {
        await _inputEnd.Task.ConfigureAwait(false);
        await inputStop.CancelAsync().ConfigureAwait(false);
    }

    private async Task FeedAsync(Stream? input, CancellationToken stop)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            while (input is not null && await input.ReadAsync(block.AsMemory(0, BlockSize), stop).ConfigureAwait(false) is > 0 and var count)
                await _channel.WriteAsync(block.AsMemory(0, count), stop).ConfigureAwait(false);
            _channel.CompleteOutput();
        }
        catch (Exception e) when (e is SshException || stop.IsCancellationRequested)
        {
            // The command takes no more; what ended the session is told by what it wrote.
        }
        catch (IOException)
        {
            // A part must not look like the whole.
            _channel.Abort();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private async Task DrainAsync(
        Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> readAsync, Stream to, bool isOutput, CancellationToken cancellationToken)
    {
        bool taken = true;
        while (await readAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } data)
        {
            if (!taken)
                continue;
            try
            {
                await to.WriteAsync(data, cancellationToken).ConfigureAwait(false);
                await to.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                taken = false;
                if (isOutput && _hearsEndOfWrite)
                    _channel.Notify(EndOfWrite, []);
            }
        }
    }
}
