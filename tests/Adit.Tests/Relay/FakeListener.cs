using System.Threading.Channels;
using Adit.Relay;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

/// <summary>A listener whose connections and failures a test hands in.</summary>
internal sealed class FakeListener : IListener
{
    private readonly Channel<object> _next = Channel.CreateUnbounded<object>();

    public IReadOnlyList<Endpoint> Endpoints { get; } = [Endpoint.Parse("fake:1")];

    public bool IsExposed => false;

    public bool IsDisposed { get; private set; }

    public FakeIncoming Connect(Endpoint? names = null, bool gone = false, int chunk = int.MaxValue)
    {
        FakeIncoming incoming = new(names, gone) { MaxChunk = chunk };
        _next.Writer.TryWrite(incoming);
        return incoming;
    }

    public void Fail(Exception e) => _next.Writer.TryWrite(e);

    public void End() => _next.Writer.Complete();

    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        if (!await _next.Reader.WaitToReadAsync(cancellationToken))
            return null;
        return await _next.Reader.ReadAsync(cancellationToken) switch
        {
            Exception e => throw e,
            object incoming => (IncomingConnection)incoming,
        };
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}

internal sealed class FakeIncoming : IncomingConnection
{
    private readonly MemoryDuplex _near;
    private readonly Endpoint? _names;
    private readonly bool _gone;

    public FakeIncoming(Endpoint? names, bool gone)
    {
        (Client, _near) = MemoryDuplex.Pair();
        _names = names;
        _gone = gone;
    }

    public MemoryDuplex Client { get; }

    /// <summary>The most bytes that are read from the client at a time.</summary>
    public int MaxChunk { get; init; } = int.MaxValue;

    public TaskCompletionSource<Refusal> Refused { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MemoryDuplex Near => _near;

    public override ConnectionOrigin Origin { get; } = new("fake", 7);

    public override Endpoint LocalEndpoint { get; } = Endpoint.Parse("fake:1");

    public override Leg Leg { get; } = new("app", "fake:1", LegProtection.None) { Within = "this machine" };

    public override ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken) => new(_names!);

    public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) =>
        _gone ? throw new IOException("the peer is gone") : new(MaxChunk == int.MaxValue ? _near : new FaultyDuplex(_near) { MaxChunk = MaxChunk });

    public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _near.Abort();
        Refused.TrySetResult(refusal);
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A dialer whose targets are in memory. A target named "hang" never answers, "refused" fails, "bug" throws something else.</summary>
internal sealed class FakeDialer : IDialer
{
    private readonly Channel<MemoryDuplex> _servers = Channel.CreateUnbounded<MemoryDuplex>();

    public MemoryDuplex? LastFar { get; private set; }

    public int Dials { get; private set; }

    public Task<MemoryDuplex> NextServerAsync() => _servers.Reader.ReadAsync().AsTask();

    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        Dials++;
        switch (target.Host)
        {
            case "hang":
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "refused":
                throw new DialException(target, DialFailure.Refused, "connection refused");
            case "bug":
                throw new InvalidOperationException("a bug of the dialer");
        }
        (MemoryDuplex far, MemoryDuplex server) = MemoryDuplex.Pair();
        LastFar = far;
        _servers.Writer.TryWrite(server);
        return new(far, new Route(new Leg("this machine", target.ToString(), LegProtection.None)));
    }
}

internal sealed class FakeAdmission(Func<AdmissionRequest, CancellationToken, ValueTask<AdmissionVerdict>> decide) : Admission
{
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        decide(request, cancellationToken);
}
