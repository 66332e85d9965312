using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>The servers that all measurements share, with a user who may log in to them.</summary>
internal sealed class Stage : IStage
{
    private readonly ServerProcess _gateway;
    private readonly ServerProcess _sshd;

    private Stage(string root, ServerFolder folder, ServerProcess gateway, ServerProcess sshd, Dropbear? dropbear) =>
        (Root, Folder, _gateway, _sshd, Dropbear) = (root, folder, gateway, sshd, dropbear);

    public string Root { get; }

    public ServerFolder Folder { get; }

    /// <summary>dropbear; null where it cannot be had.</summary>
    public Dropbear? Dropbear { get; }

    /// <summary>All that have a client, for what everybody can do who joins an input with a target.</summary>
    public IReadOnlyList<Contender> Clients => Dropbear is null ? Contender.Tunnels : [.. Contender.Tunnels, Contender.Dropbear];

    /// <summary>All, with the ends of the scale.</summary>
    public IReadOnlyList<Contender> All => [Contender.Direct, Contender.Relay, .. Clients];

    public bool WarmsUp => false;

    public static async Task<Stage> SetAsync(string root)
    {
        ServerFolder folder = await ServerFolder.CreateAsync(Environment.UserName);
        ServerProcess gateway = await ServerProcess.GatewayAsync(root, folder, "AditMaxChannels none");
        ServerProcess sshd = await ServerProcess.SshdAsync(folder);
        (Dropbear? dropbear, string missing) = await Dropbear.TryStartAsync(folder);
        if (dropbear is null)
            await Console.Error.WriteLineAsync($"bench: without dropbear, since {missing}");
        return new(root, folder, gateway, sshd, dropbear);
    }

    public Task<TunnelUnderTest> OpenAsync(Contender contender, IReadOnlyList<int> targets) => TunnelUnderTest.OpenAsync(this, contender, targets);

    public ServerProcess ServerOf(Contender contender) => contender.Server switch
    {
        ServerProgram.Gateway => _gateway,
        ServerProgram.Sshd => _sshd,
        ServerProgram.Dropbear when Dropbear is not null => Dropbear.Server,
        _ => throw new BenchException($"{contender} has no server"),
    };

    public void Dispose()
    {
        _gateway.Dispose();
        _sshd.Dispose();
        Dropbear?.Dispose();
        Folder.Dispose();
    }
}
