namespace Adit.Interop.Tests.Peers;

/// <summary>The real ssh-agent, holding the given keys.</summary>
internal sealed class SshAgentPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private SshAgentPeer(ChildProcess process, string folder) => (_process, _folder) = (process, folder);

    public string SocketPath => Path.Combine(_folder, "agent");

    public string Log => _process.Log;

    public static async Task<SshAgentPeer> StartAsync(params IReadOnlyList<KeyPair> keys)
    {
        var folder = RunFolder.Create("agent");
        var agent = new SshAgentPeer(await ChildProcess.StartAsync(new("ssh-agent", "-D", "-a", Path.Combine(folder, "agent"))), folder);
        await Patience.UntilAsync(() => File.Exists(agent.SocketPath), "ssh-agent should make its socket", () => agent.Log);
        foreach (var key in keys)
        {
            await ChildProcess.RunAsync(new("ssh-add", "-q", key.PrivatePath)
            {
                Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SSH_AUTH_SOCK"] = agent.SocketPath },
            });
        }
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        RunFolder.Remove(_folder);
    }
}
