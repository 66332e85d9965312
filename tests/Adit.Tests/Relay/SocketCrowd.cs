using System.Globalization;

namespace Adit.Tests.Relay;

/// <summary>A process that holds thousands of sockets open, as a busy server or browser does: pairs that are connected over loopback.</summary>
[CollectionDefinition(nameof(SocketCrowd), DisableParallelization = true)] // other tests look through all descriptors of the machine too
public sealed class SocketCrowd : IAsyncLifetime, ICollectionFixture<SocketCrowd>
{
    public const int Sockets = 5000;

    // It connects too, where it is told: its socket is then the last one of thousands.
    private const string Script = """
        import resource
        signal.alarm(300)
        resource.setrlimit(resource.RLIMIT_NOFILE, (SOCKETS + 1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        with socket.socket() as l:
            l.bind(('127.0.0.1', 0))
            l.listen()
            held = []
            while len(held) < SOCKETS: held += [socket.create_connection(l.getsockname()), l.accept()[0]]
        say(len(held))
        while True: say(attempt(*target()))
        """;

    private readonly PeerProcess _process = PeerProcess.Script(Script.Replace("SOCKETS", Sockets.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    internal int Pid => _process.Pid;

    public async Task InitializeAsync() => Assert.Equal(Sockets.ToString(CultureInfo.InvariantCulture), await _process.HearAsync());

    public Task DisposeAsync()
    {
        _process.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Has it connect, and gives what came of it.</summary>
    internal Task<string> TryAsync(string host, int port) => _process.TryAsync(host, port);
}
