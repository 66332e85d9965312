using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Relay;

/// <summary>A program's standard input and output as a <see cref="Duplex"/>. It owns the program, which ends with it.</summary>
internal sealed class ProgramDuplex : Duplex
{
    private static readonly TimeSpan GraceToEnd = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly StreamDuplex _stream;
    private readonly Lock _sync = new();
    private bool _disposed;

    /// <summary>Takes a program over that was started with both redirected.</summary>
    public ProgramDuplex(Process process)
    {
        _process = process;
        _stream = new(process.StandardOutput.BaseStream, process.StandardInput.BaseStream, abort: HangUp);
    }

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) => _stream.ReadAsync(cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => _stream.WriteAsync(data, cancellationToken);

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => _stream.CompleteWritingAsync(cancellationToken);

    // A read that waits for the command's output ends with the command only.
    public override void Abort() => Kill();

    public override async ValueTask DisposeAsync()
    {
        HangUp();
        using (var soon = new CancellationTokenSource(GraceToEnd))
            await _process.WaitForExitAsync(soon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Kill();
        lock (_sync)
            _disposed = true;
        await _stream.DisposeAsync().ConfigureAwait(false);
        _process.Dispose();
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
