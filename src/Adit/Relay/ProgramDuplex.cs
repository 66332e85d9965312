using System.ComponentModel;
using System.Diagnostics;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>A program's standard input and output as a <see cref="Duplex"/>. It owns the program, which ends with it.</summary>
internal sealed class ProgramDuplex : Duplex
{
    private static readonly TimeSpan GraceToEnd = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly StreamDuplex _stream;
    private readonly Lock _sync = new();
    private Timer? _killing;
    private bool _disposed;

    /// <summary>Takes a program over that was started with both redirected.</summary>
    public ProgramDuplex(Process process)
    {
        _process = process;
        _stream = new(process.StandardOutput.BaseStream, process.StandardInput.BaseStream, abort: EndInput);
    }

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) => _stream.ReadAsync(cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => _stream.WriteAsync(data, cancellationToken);

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => _stream.CompleteWritingAsync(cancellationToken);

    // A read that waits for the command's output ends with the command only. It gets a moment to end by itself: its input ends, too.
    public override void Abort()
    {
        lock (_sync)
        {
            if (!_disposed)
                _killing ??= new(static program => ((ProgramDuplex)program!).Kill(), this, GraceToEnd, Timeout.InfiniteTimeSpan);
        }

        _stream.Abort();
    }

    public override async ValueTask DisposeAsync()
    {
        HangUp();
        using (var soon = new CancellationTokenSource(GraceToEnd))
            await _process.WaitForExitAsync(soon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Kill();
        lock (_sync)
            _disposed = true;
        if (_killing is not null)
            await _killing.DisposeAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private void EndInput()
    {
        _process.StandardInput.BaseStream.Dispose();
        HangUp();
    }

    // What ssh sends to a ProxyCommand that is no longer needed.
    private void HangUp()
    {
        const int hangUp = 1;
        lock (_sync)
        {
            if (!_disposed && !_process.HasExited && !OperatingSystem.IsWindows())
                _ = LinuxCalls.Kill(_process.Id, hangUp);
        }
    }

    private void Kill()
    {
        lock (_sync)
        {
            if (_disposed || _process.HasExited)
                return;
            try
            {
                _process.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
            {
                // It is gone, or is another user's by now: its pipes end with this process.
            }
        }
    }
}
