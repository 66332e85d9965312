using Xunit.Abstractions;

namespace Adit.Interop.Tests.Peers;

/// <summary>Owns all that a test starts: ends it in reverse order, and shows its logs when the test fails.</summary>
public abstract class PeerTest(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly Stack<(IAsyncDisposable Peer, Func<string>? Log)> _peers = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        List<Exception> failures = [];
        while (_peers.TryPop(out var peer))
        {
            if (peer.Log is not null)
                output.WriteLine(peer.Log());
            try
            {
                await peer.Peer.DisposeAsync();
            }
            catch (Exception exception)
            {
                failures.Add(exception);
            }
        }
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    internal T Own<T>(T peer, Func<string>? log = null)
        where T : IAsyncDisposable
    {
        _peers.Push((peer, log));
        return peer;
    }

    internal ChildProcess Own(ChildProcess process) => Own(process, () => process.Log);

    internal async Task<SshdPeer> StartSshdAsync(SshdOptions? options = null)
    {
        var sshd = await SshdPeer.StartAsync(options);
        return Own(sshd, () => sshd.Log);
    }

    internal async Task<SshAgentPeer> StartAgentAsync(params IReadOnlyList<KeyPair> keys) => Own(await SshAgentPeer.StartAsync(keys));

    internal async Task<ChildProcess> StartSshAsync(params IReadOnlyList<string> arguments) => Own(await OpenSshClient.StartAsync(arguments));

    internal async Task<ChildProcess> StartAditAsync(params IReadOnlyList<string> arguments) => Own(await AditProcess.StartAsync(arguments));

    internal async Task<ChildProcess> StartAditAsync(ChildProcessStart start) => Own(await AditProcess.StartAsync(start));

    internal async Task<ChildProcess> StartAditOnTerminalAsync(params IReadOnlyList<string> arguments) =>
        Own(await AditProcess.StartOnTerminalAsync(arguments));
}
