using System.Collections.Concurrent;
using System.Diagnostics;
using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>One end of a TLS tunnel: a child process of this one.</summary>
internal sealed class TlsProcess : IDisposable
{
    private const int MostLines = 50;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private TlsProcess(Process process)
    {
        _process = process;
        // Clients that leave in the middle of everything are what benchmarks do: their lines count only where it does not start.
        process.ErrorDataReceived += (_, said) =>
        {
            if (said.Data is not { Length: > 0 } line)
                return;
            _log.Enqueue(line);
            if (_log.Count > MostLines)
                _log.TryDequeue(out string? _);
        };
        process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    /// <summary>Starts it and waits until it listens on all ports.</summary>
    /// <exception cref="BenchException">It does not start.</exception>
    public static async Task<TlsProcess> StartAsync(string name, IReadOnlyList<int> ports, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        var process = new TlsProcess(Process.Start(start)!);
        try
        {
            foreach (int port in ports)
                await TunnelUnderTest.UntilListeningAsync(name, process._process, port);
            return process;
        }
        catch (BenchException e)
        {
            process.Dispose();
            throw new BenchException($"{e.Message}:\n{string.Join('\n', process._log)}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
