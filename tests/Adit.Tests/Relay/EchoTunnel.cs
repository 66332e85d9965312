using System.Collections.Concurrent;
using Adit.Relay;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

/// <summary>A tunnel whose far end sends back what it gets, before a rule of admission.</summary>
internal sealed class EchoTunnel : IAsyncDisposable
{
    private readonly ConcurrentBag<Task> _echoes = [];
    private readonly Forward _forward;

    private EchoTunnel(LocalListener listener, Admission admission, RecordedEvents? events) =>
        _forward = Forward.Start(listener, Endpoint.Parse("echo:1"), new EchoDialer(_echoes), new() { Admission = admission, Events = events });

    public int Port => _forward.Endpoints[0].Port;

    /// <summary>How many connections reached the far end.</summary>
    public int Opened => _echoes.Count;

    public static Task<EchoTunnel> StartAsync(string rule, RecordedEvents? events = null, string? path = null, string bind = "localhost") =>
        StartAsync(Admission.Of(AdmissionRule.Parse(rule)), events, path, bind);

    public static async Task<EchoTunnel> StartAsync(Admission admission, RecordedEvents? events = null, string? path = null, string bind = "localhost")
    {
        EchoTunnel tunnel = new(await LocalListener.BindAsync(path is null ? ListenSpec.Tcp(0, bind) : ListenSpec.Unix(path)), admission, events);
        if (events is not null)
            await events.NextAsync<ListenerOpened>();
        return tunnel;
    }

    public async ValueTask DisposeAsync()
    {
        await _forward.DisposeAsync();
        await Task.WhenAll(_echoes);
    }

    private sealed class EchoDialer(ConcurrentBag<Task> echoes) : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            (MemoryDuplex far, MemoryDuplex server) = MemoryDuplex.Pair();
            echoes.Add(EchoAsync(server));
            return new(new DialedConnection(far, new Route(new Leg("this machine", "echo", LegProtection.None))));
        }

        private static async Task EchoAsync(Duplex duplex)
        {
            await using Duplex d = duplex;
            try
            {
                while (await duplex.ReadAsync(default) is { IsEmpty: false } chunk)
                    await duplex.WriteAsync(chunk, default);
                await duplex.CompleteWritingAsync(default);
            }
            catch (IOException)
            {
                duplex.Abort();
            }
        }
    }
}
