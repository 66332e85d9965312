using System.Globalization;
using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Cli;

/// <summary>Servers <c>hop1</c>, <c>hop2</c>, … and <c>peer</c> behind them, each with a host key and a user key of its own.</summary>
internal sealed class JumpChain : IDisposable
{
    private readonly string _folder = RunFolder.Create("jump");
    private readonly Place[] _places;

    private JumpChain(Place[] places) => _places = places;

    public string ConfigPath => Path.Combine(_folder, "config");

    public string KnownHostsPath => Path.Combine(_folder, "known_hosts");

    /// <summary>The server of a name.</summary>
    public SshdPeer this[string name] => Array.Find(_places, place => place.Name == name)!.Sshd;

    /// <summary>The hops in their order, without the destination.</summary>
    public IReadOnlyList<string> Hops => [.. _places[..^1].Select(static place => place.Name)];

    /// <param name="hops">How many there are before the destination.</param>
    /// <param name="start">Starts a server.</param>
    public static async Task<JumpChain> StartAsync(int hops, Func<SshdOptions, Task<SshdPeer>> start)
    {
        var places = new Place[hops + 1];
        for (var at = 0; at <= hops; at++)
        {
            var name = at == hops ? SshClientFiles.Alias : string.Create(CultureInfo.InvariantCulture, $"hop{at + 1}");
            var user = await KeyPair.GetAsync("ed25519", $"user-{name}");
            places[at] = new(name, await start(new() { HostKeys = ["ed25519"], HostKeyName = $"host-{name}", AuthorizedKeys = [user.PublicLine] }), user);
        }
        var chain = new JumpChain(places);
        chain.Configure();
        chain.Know(name => true);
        return chain;
    }

    /// <summary>Writes the configuration anew; lines of a host, named by what stands before the colon, come first.</summary>
    public void Configure(params IReadOnlyList<string> lines) => File.WriteAllLines(ConfigPath, _places.SelectMany(place => (IEnumerable<string>)
    [
        $"Host {place.Name}",
        .. lines.Where(line => line.StartsWith(place.Name + ":", StringComparison.Ordinal)).Select(line => line[(place.Name.Length + 1)..]),
        "HostName 127.0.0.1",
        string.Create(CultureInfo.InvariantCulture, $"Port {place.Sshd.Port}"),
        $"User {TestUser.Name}",
        $"IdentityFile {place.User.PrivatePath}",
    ]).Concat(
    [
        "Host *",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        $"UserKnownHostsFile {KnownHostsPath}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "BatchMode yes",
    ]));

    /// <summary>Writes known_hosts anew, with the keys of these.</summary>
    public void Know(Func<string, bool> known) => File.WriteAllLines(KnownHostsPath,
        _places.Where(place => known(place.Name)).Select(static place => string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{place.Sshd.Port} {place.Sshd.HostKeys[0].PublicLine}")));

    public void Dispose() => RunFolder.Remove(_folder);

    private sealed record Place(string Name, SshdPeer Sshd, KeyPair User);
}
