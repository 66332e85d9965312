using Adit.Bench.Servers;
using Adit.Cli.Demo;

namespace Adit.Bench.Endings;

/// <summary>What all rounds share: servers, targets, and the folders in which owners leave what they leave.</summary>
internal sealed class EndingStage : IAsyncDisposable
{
    private readonly DemoPostgres _postgres;

    private EndingStage(string root, ServerFolder folder, ServerProcess sshd, ServerProcess gateway, DemoPostgres postgres) =>
        (Root, Keys, Sshd, Gateway, _postgres) = (root, folder, sshd, gateway, postgres);

    public string Root { get; }

    public ServerFolder Keys { get; }

    public ServerProcess Sshd { get; }

    public ServerProcess Gateway { get; }

    public EchoServer Echo { get; } = new();

    public int PostgresPort => _postgres.Port;

    public string PostgresUser => _postgres.User;

    /// <summary>The folder that is looked through; in it the owners' home, their folder for temporary files, and so on.</summary>
    public string Watched => Path.Combine(Keys.Path, "watched");

    public string Home => Path.Combine(Watched, "home");

    public string Temporary => Path.Combine(Watched, "tmp");

    public string Runtime => Path.Combine(Watched, "run");

    public string Sockets => Path.Combine(Watched, "sockets");

    /// <summary>What the owners write to standard error.</summary>
    public string Log => Path.Combine(Keys.Path, "log");

    public static async Task<EndingStage> SetAsync(string root)
    {
        ServerFolder folder = await ServerFolder.CreateAsync(Environment.UserName);
        (DemoPostgres? postgres, string? missing) = await DemoPostgres.TryStartAsync(folder.Path, CancellationToken.None);
        if (postgres is null)
            throw new BenchException($"{missing}: apt-get install postgresql");
        var stage = new EndingStage(root, folder, await ServerProcess.SshdAsync(folder), await ServerProcess.GatewayAsync(root, folder), postgres);
        foreach (string path in (string[])[stage.Home, stage.Temporary, stage.Runtime, stage.Sockets])
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return stage;
    }

    public async ValueTask DisposeAsync()
    {
        Gateway.Dispose();
        Sshd.Dispose();
        Echo.Dispose();
        await _postgres.DisposeAsync();
        Keys.Dispose();
    }
}
