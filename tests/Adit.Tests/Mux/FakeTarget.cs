using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Relay;
using Adit.Ssh.Connection;

namespace Adit.Tests.Mux;

/// <summary>A connection that is none: it notes what is asked of it, and does as the test says.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FakeTarget : IMuxTarget, IDialer
{
    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public TaskCompletionSource Terminated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The far ends of the stdio forwards.</summary>
    public BlockingCollection<Socket> Dialed { get; } = [];

    public Func<MuxForward, int?> Open { get; set; } = static _ => null;

    public Func<MuxSessionRequest, MuxStandardStreams, IMuxSession> Session { get; set; } = static (_, _) => throw new IOException("no sessions here");

    public IDialer Dialer => this;

    public SshConnection? Connection => null;

    public ValueTask<int?> OpenForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        Asked.Enqueue($"open {forward}");
        return new(Open(forward));
    }

    public ValueTask CloseForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        Asked.Enqueue($"close {forward}");
        return default;
    }

    public ValueTask<IMuxSession> OpenSessionAsync(MuxSessionRequest request, MuxStandardStreams streams, CancellationToken cancellationToken) =>
        new(Session(request, streams));

    public string DescribeConnection() => "a connection\n";

    public string DescribeTunnel() => "{}";

    public string DescribeChannels() => "no channels\n";

    public void Terminate() => Terminated.SetResult();

    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        Asked.Enqueue($"dial {target}");
        if (target.Port == 1)
            throw new DialException(target, DialFailure.Refused, "connection refused");
        (Socket near, Socket far) = UnixPair.Create();
        Dialed.Add(far, cancellationToken);
        return new(new DialedConnection(new SocketDuplex(near), new Route(Leg.Plain(new Machine("there"), target))));
    }
}

/// <summary>A session that does what a test says.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FakeSession(Func<Func<ValueTask>, CancellationToken, Task<int?>> run) : IMuxSession
{
    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<int?> RunAsync(Func<ValueTask> terminalRefused, CancellationToken cancellationToken) => run(terminalRefused, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return default;
    }
}
