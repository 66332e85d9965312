using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>A client's ssh_config and known_hosts for one <see cref="SshdPeer"/>, under the alias <c>peer</c>. Fits ssh and adit alike.</summary>
internal sealed class SshClientFiles : IDisposable
{
    public const string Alias = "peer";

    private readonly string _folder = RunFolder.Create("client");
    private readonly int _port;
    private readonly string _identity;

    private SshClientFiles(int port, string identity) => (_port, _identity) = (port, identity);

    public string ConfigPath => Path.Combine(_folder, "config");

    public string KnownHostsPath => Path.Combine(_folder, "known_hosts");

    public static Task<KeyPair> UserKeyAsync() => KeyPair.GetAsync("ed25519", "user");

    public static async Task<SshClientFiles> CreateAsync(SshdPeer sshd, params IReadOnlyList<string> config)
    {
        var files = await CreateAsync(sshd.Port, config);
        files.Know(sshd.HostKeys);
        return files;
    }

    /// <summary>For a server that is reached through a relay.</summary>
    public static async Task<SshClientFiles> CreateAsync(StallingRelay relay, IReadOnlyList<KeyPair> hostKeys, params IReadOnlyList<string> config)
    {
        var files = await CreateAsync(relay.Port, ["HostKeyAlias relayed", .. config]);
        await File.WriteAllLinesAsync(files.KnownHostsPath, hostKeys.Select(static key => $"relayed {key.PublicLine}"));
        return files;
    }

    /// <summary>For a port that knows no host key, or is not an SSH server at all.</summary>
    public static async Task<SshClientFiles> CreateAsync(int port, params IReadOnlyList<string> config)
    {
        var files = new SshClientFiles(port, (await UserKeyAsync()).PrivatePath);
        files.Configure(config);
        return files;
    }

    /// <summary>Writes the configuration anew. The given lines come first, and the first value of a keyword counts.</summary>
    public void Configure(params IReadOnlyList<string> lines) => File.WriteAllLines(ConfigPath,
    [
        $"Host {Alias}",
        .. lines,
        "HostName 127.0.0.1",
        $"Port {_port.ToString(CultureInfo.InvariantCulture)}",
        $"User {TestUser.Name}",
        $"IdentityFile {_identity}",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        $"UserKnownHostsFile {KnownHostsPath}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking ask",
    ]);

    /// <summary>Writes known_hosts anew.</summary>
    public void Know(params IReadOnlyList<KeyPair> hostKeys) =>
        File.WriteAllLines(KnownHostsPath, hostKeys.Select(key => $"[127.0.0.1]:{_port.ToString(CultureInfo.InvariantCulture)} {key.PublicLine}"));

    /// <summary>A program for SSH_ASKPASS which always gives this answer, with the environment that makes a client ask it.</summary>
    public IReadOnlyDictionary<string, string?> Answer(string secret)
    {
        var program = Path.Combine(_folder, "askpass");
        File.WriteAllText(program, $"#!/bin/sh\necho '{secret}'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["SSH_ASKPASS"] = program,
            ["SSH_ASKPASS_REQUIRE"] = "force",
        };
    }

    public void Dispose() => RunFolder.Remove(_folder);
}
