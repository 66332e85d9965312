namespace Adit.Interop.Tests.Peers;

internal sealed record SshdOptions
{
    /// <summary>Lines of sshd_config. They come first, and sshd takes the first value of a keyword.</summary>
    public IReadOnlyList<string> Config { get; init; } = [];

    /// <summary>Lines that come after all others but Match blocks, and so count where <see cref="Config"/> says nothing.</summary>
    public IReadOnlyList<string> Defaults { get; init; } = [];

    /// <summary>As <see cref="KeyPair.GetAsync"/> names them.</summary>
    public IReadOnlyList<string> HostKeys { get; init; } = ["ed25519", "ecdsa-256", "rsa-2048"];

    /// <summary>Keeps the host keys of one server apart from those of another.</summary>
    public string HostKeyName { get; init; } = "host";

    /// <summary>Where it listens, for one that takes another's place; null for a free port.</summary>
    public int? Port { get; init; }

    /// <summary>Lines of authorized_keys; those of the user keys of the tests when null.</summary>
    public IReadOnlyList<string>? AuthorizedKeys { get; init; }
}
