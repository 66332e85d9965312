using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>The real sshd on a port of its own.</summary>
internal sealed class SshdPeer : IAsyncDisposable
{
    private readonly SshServerProcess _server;

    private SshdPeer(SshServerProcess server) => _server = server;

    public int Port => _server.Port;

    public IReadOnlyList<KeyPair> HostKeys => _server.HostKeys;

    public string Log => _server.Process.Log;

    /// <summary>What sshd and its session processes log, at DEBUG1.</summary>
    public Transcript Messages => _server.Process.Error;

    /// <summary>One connection is one direct child; with privilege separation it has a child of its own.</summary>
    public int Connections => ProcessTree.All().Count(entry => entry.ParentPid == _server.Process.Pid && entry.State != 'Z');

    public static async Task<SshdPeer> StartAsync(SshdOptions? options = null)
    {
        options ??= new();
        options = options with { Defaults = [.. options.Defaults, "PermitRootLogin yes", "MaxSessions 300"] };
        return new(await SshServerProcess.StartAsync(options, static config => StartAsync(Find(), config)));
    }

    /// <summary>Starts this sshd with this file of configuration.</summary>
    public static Task<ChildProcess> StartAsync(string program, string config)
    {
        if (TestUser.IsRoot)
            Directory.CreateDirectory("/run/sshd", (UnixFileMode)0b111_101_101);
        // Its shells read nothing that the user of this machine has written for them: that may take long, or wait for somebody.
        return ChildProcess.StartAsync(new(program, "-D", "-e", "-f", config, "-o", $"SetEnv=HOME={Path.GetDirectoryName(config)}"));
    }

    /// <summary>Ends every connection without a word, as a crash or a pulled cable with a reset would.</summary>
    public void KillConnections()
    {
        foreach (var session in ProcessTree.Descendants(_server.Process.Pid))
            ProcessTree.KillIfAlive(session);
    }

    /// <summary>Ends the connection that has been there for the longest.</summary>
    public void KillOldestConnection()
    {
        var oldest = ProcessTree.All().Where(entry => entry.ParentPid == _server.Process.Pid).MinBy(static entry => entry.StartTime);
        foreach (var session in (IEnumerable<ProcessEntry>)[oldest, .. ProcessTree.Descendants(oldest.Pid)])
            ProcessTree.KillIfAlive(session);
    }

    /// <summary>Ends sshd with all its connections.</summary>
    public async Task KillAsync() => await _server.Process.DisposeAsync();

    /// <summary>Waits for a line that tells of this event.</summary>
    public Task LoggedAsync(string pattern) => _server.Process.ErrorAsync(pattern);

    public Task UntilNoConnectionAsync() =>
        Patience.UntilAsync(() => Connections == 0, "sshd should have no connection left", () => Log);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // sshd insists on being started by its absolute path.
    public static string Find() =>
        new[] { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd" }.FirstOrDefault(File.Exists)
        ?? throw new XunitException("sshd is not installed");
}
