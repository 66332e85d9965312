using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Relay;

/// <summary>
/// Has a command make the connection, and speaks over its standard input and output (ssh_config(5) ProxyCommand). The command's standard
/// error is this process's. The command ends with the connection.
/// </summary>
/// <param name="command">The command, run by the user's shell.</param>
internal sealed class CommandDialer(string command) : IDialer
{
    private const string FallbackShell = "/bin/sh";

    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        string shell = Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } configured ? configured : FallbackShell;
        var start = new ProcessStartInfo(shell, ["-c", "exec " + command])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            Process process = Process.Start(start) ?? throw new InvalidOperationException("it did not start");
            var leg = new Leg(Machine.ThisName, target.ToString(), LegProtection.None);
            return new(new DialedConnection(new CommandDuplex(process), new Route(leg)));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new DialException(target, DialFailure.Other, $"the command \"{command}\" cannot be run by {shell}: {e.Message}", e);
        }
    }

    private sealed class CommandDuplex : Duplex
    {
        private static readonly TimeSpan GraceToEnd = TimeSpan.FromSeconds(2);

        private readonly Process _process;
        private readonly StreamDuplex _stream;
        private readonly Lock _sync = new();
        private bool _disposed;

        public CommandDuplex(Process process)
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
}
