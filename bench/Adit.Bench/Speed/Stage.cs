using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>The servers that all measurements share, with a user who may log in to them.</summary>
internal sealed class Stage : IDisposable
{
    private readonly ServerProcess _gateway;
    private readonly ServerProcess _sshd;

    private Stage(string root, ServerFolder folder, ServerProcess gateway, ServerProcess sshd) => (Root, Folder, _gateway, _sshd) = (root, folder, gateway, sshd);

    public string Root { get; }

    public ServerFolder Folder { get; }

    public static async Task<Stage> SetAsync(string root)
    {
        ServerFolder folder = await ServerFolder.CreateAsync(Environment.UserName);
        ServerProcess gateway = await ServerProcess.GatewayAsync(root, folder, "AditMaxChannels none");
        return new(root, folder, gateway, await ServerProcess.SshdAsync(folder));
    }

    public ServerProcess ServerOf(Contender contender) => contender.Server is ServerProgram.Gateway ? _gateway : _sshd;

    public void Dispose()
    {
        _gateway.Dispose();
        _sshd.Dispose();
        Folder.Dispose();
    }
}
