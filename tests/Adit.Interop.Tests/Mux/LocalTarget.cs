using System.Collections.Concurrent;
using System.Diagnostics;
using Adit.Mux;
using Adit.Relay;
using Adit.Ssh.Connection;

namespace Adit.Interop.Tests.Mux;

/// <summary>
/// A connection to this machine itself, without SSH: sessions are local processes, stdio forwards local connections, and forwards are
/// only noted.
/// </summary>
internal sealed class LocalTarget : IMuxTarget, IDialer
{
    /// <summary>The port that every forward is given which asks for any.</summary>
    public const int ChosenPort = 40_001;

    private readonly TcpDialer _tcp = new();
    private readonly UnixDialer _unix = new();

    /// <summary>The forwards there are, and those that were.</summary>
    public ConcurrentQueue<MuxForward> Opened { get; } = new();

    public ConcurrentQueue<MuxForward> Closed { get; } = new();

    public ConcurrentQueue<MuxSessionRequest> Sessions { get; } = new();

    /// <summary>Completes with the end of the first session.</summary>
    public TaskCompletionSource SessionEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Terminated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What every forward fails with.</summary>
    public string? ForwardFailure { get; set; }

    public IDialer Dialer => this;

    public SshConnection? Connection { get; init; }

    public ValueTask<int?> OpenForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        if (ForwardFailure is { } failure)
            throw new IOException(failure);
        Opened.Enqueue(forward);
        return new(forward.Spec.Listen is { Path: null, Port: 0 } ? ChosenPort : null);
    }

    public ValueTask CloseForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        if (!Opened.Contains(forward))
            throw new IOException("port not forwarded");
        Closed.Enqueue(forward);
        return default;
    }

    public ValueTask<IMuxSession> OpenSessionAsync(MuxSessionRequest request, MuxStandardStreams streams, CancellationToken cancellationToken)
    {
        Sessions.Enqueue(request);
        return new(new LocalSession(request, streams, SessionEnded));
    }

    public string DescribeConnection() => "this machine\n";

    public string DescribeTunnel() => "{}";

    public string DescribeChannels() => "none\n";

    public void Terminate() => Terminated.TrySetResult();

    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        target.IsUnix ? _unix.DialAsync(target, origin, cancellationToken) : _tcp.DialAsync(target, origin, cancellationToken);
}

/// <summary>A shell on a client's standard streams.</summary>
internal sealed class LocalSession(MuxSessionRequest request, MuxStandardStreams streams, TaskCompletionSource ended) : IMuxSession
{
    private readonly Process _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", request.Command])
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    public async Task<int?> RunAsync(Func<ValueTask> terminalRefused, CancellationToken cancellationToken)
    {
        if (request.WantsTerminal)
            await terminalRefused();
        Task input = FeedAsync(cancellationToken);
        await Task.WhenAll(
            _process.StandardOutput.BaseStream.CopyToAsync(streams.Output, cancellationToken),
            _process.StandardError.BaseStream.CopyToAsync(streams.Error, cancellationToken));
        await _process.WaitForExitAsync(cancellationToken);
        streams.Input.Dispose();
        await input;
        return _process.ExitCode;
    }

    public ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        ended.TrySetResult();
        return default;
    }

    private async Task FeedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await streams.Input.CopyToAsync(_process.StandardInput.BaseStream, cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process reads no more, or the session is over.
        }

        _process.StandardInput.Close();
    }
}
