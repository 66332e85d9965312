namespace Adit.Sessions;

/// <summary>
/// The input of a session without its escape sequences, which it carries out as they come, what was typed before them first. Reading it
/// is all that it can do. It owns nothing of what it reads from.
/// </summary>
/// <param name="inner">What is typed.</param>
/// <param name="parser">Finds the sequences.</param>
/// <param name="actions">Carries them out.</param>
internal sealed class EscapeInput(Stream inner, EscapeParser parser, ISessionActions actions) : Stream
{
    private const int BlockSize = 16 * 1024;

    // Ctrl-D: what a shell reads as the end of its input.
    private const byte EndOfTransmission = 4;

    private readonly byte[] _block = new byte[BlockSize];
    private int _start;
    private int _end;
    private Escape _due;
    private bool _ended;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, 2, nameof(buffer));
        while (!_ended)
        {
            if (_due is not Escape.None)
            {
                Escape escape = _due;
                _due = Escape.None;
                if (await CarryOutAsync(escape, cancellationToken).ConfigureAwait(false))
                    continue;
                _ended = true;
                buffer.Span[0] = EndOfTransmission;
                return escape is Escape.Background ? 1 : 0;
            }

            if (_start == _end)
            {
                _start = 0;
                _end = await inner.ReadAsync(_block, cancellationToken).ConfigureAwait(false);
                if (_end == 0)
                    return End(buffer.Span);
            }

            // One byte more may come out than goes in: the escape character that waited.
            int taken = Math.Min(_end - _start, buffer.Length - 1);
            _due = parser.Next(_block.AsSpan(_start, taken), buffer.Span, out int consumed, out int written);
            _start += consumed;
            if (written > 0)
                return written;
        }

        return 0;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private int End(Span<byte> buffer)
    {
        _ended = true;
        if (!parser.TakePending())
            return 0;
        buffer[0] = parser.Character;
        return 1;
    }

    // False when the input is at its end.
    private async ValueTask<bool> CarryOutAsync(Escape escape, CancellationToken cancellationToken)
    {
        string typed = $"{(char)parser.Character}{EscapeHelp.Key(escape)}";
        if (actions.IsMultiplexed && EscapeHelp.NeedsOwnConnection(escape))
        {
            await actions.SayAsync($"{typed} escape not available to multiplexed sessions\r\n", cancellationToken).ConfigureAwait(false);
            return true;
        }

        switch (escape)
        {
            case Escape.Disconnect:
                await actions.SayAsync($"{typed}\r\n", cancellationToken).ConfigureAwait(false);
                actions.Disconnect();
                return false;
            case Escape.Suspend:
                await actions.SayAsync($"{typed} [suspend adit]\r\n", cancellationToken).ConfigureAwait(false);
                await actions.SuspendAsync(cancellationToken).ConfigureAwait(false);
                return true;
            case Escape.Background:
                return !await actions.BackgroundAsync(cancellationToken).ConfigureAwait(false);
            case Escape.Rekey:
                actions.Rekey();
                return true;
            case Escape.CommandLine:
                await RunCommandLineAsync(cancellationToken).ConfigureAwait(false);
                return true;
            default:
                await actions.SayAsync(Answer(escape, typed), cancellationToken).ConfigureAwait(false);
                return true;
        }
    }

    private string Answer(Escape escape, string typed)
    {
        switch (escape)
        {
            case Escape.Break:
                actions.Break();
                return $"{typed}\r\n";
            case Escape.ListConnections:
                return $"{typed}\r\n{OpenConnection.List(actions.Connections())}";
            case Escape.ShowConnection:
                return $"{typed}\r\n{actions.Connection()}";
            case Escape.SayLess or Escape.SayMore:
                return actions.LogsToTerminal ? $"{typed} [LogLevel {actions.ChangeLogLevel(escape is Escape.SayMore)}]\r\n" : $"{typed} [logging to a file]\r\n";
            default:
                return $"{typed}\r\n{EscapeHelp.Text((char)parser.Character, actions)}";
        }
    }

    private async ValueTask RunCommandLineAsync(CancellationToken cancellationToken)
    {
        string said = "commandline disabled";
        if (actions.AllowsCommandLine)
        {
            if (await actions.AskAsync("\r\nadit> ", cancellationToken).ConfigureAwait(false) is not { } line)
                return;
            var command = EscapeCommand.Parse(line, actions.AllowsLocalCommands);
            said = command.Kind switch
            {
                EscapeCommandKind.Nothing => string.Empty,
                EscapeCommandKind.Invalid => "Invalid command.",
                EscapeCommandKind.Help => EscapeHelp.CommandLine(actions.AllowsLocalCommands),
                _ => await actions.RunAsync(command, cancellationToken).ConfigureAwait(false),
            };
        }

        if (said.Length > 0)
            await actions.SayAsync($"{said}\r\n", cancellationToken).ConfigureAwait(false);
    }
}
