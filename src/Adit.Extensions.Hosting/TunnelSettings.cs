using Adit.OpenSsh;
using Microsoft.Extensions.Logging;

namespace Adit.Extensions.Hosting;

/// <summary>
/// A tunnel as a configuration file has it: a section of <c>appsettings.json</c>. What is left out is as <c>~/.ssh/config</c> and ssh's
/// defaults have it; see <see cref="SshTunnelOptions"/>.
/// </summary>
public sealed class TunnelSettings
{
    /// <summary>Where to: <c>[user@]host</c> or <c>ssh://[user@]host[:port]</c>. Needed.</summary>
    public string Destination { get; set; } = "";

    /// <summary>Whether it connects when the host starts, which fails if it cannot. Else it connects when it is first used. Default yes.</summary>
    public bool OpenOnStart { get; set; } = true;

    /// <inheritdoc cref="SshTunnelOptions.User"/>
    public string? User { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.Port"/>
    public int? Port { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.IdentityFiles"/>
    public IList<string> IdentityFiles { get; } = [];

    /// <inheritdoc cref="SshTunnelOptions.ConfigFile"/>
    public string? ConfigFile { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.KnownHostsFiles"/>
    public IList<string> KnownHostsFiles { get; } = [];

    /// <inheritdoc cref="SshTunnelOptions.StrictHostKeyChecking"/>
    public HostKeyChecking? StrictHostKeyChecking { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.ConnectTimeout"/>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.KeepAlive"/>
    public TimeSpan? KeepAlive { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.Reconnect"/>
    public bool? Reconnect { get; set; }

    /// <inheritdoc cref="SshTunnelOptions.ReconnectWait"/>
    public TimeSpan? ReconnectWait { get; set; }

    /// <summary>Further options by the keywords of ssh_config(5), such as <c>"ProxyJump": "bastion"</c>.</summary>
    public IDictionary<string, string> SshOptions { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The password of the account, for a server that takes no key. Keep it where secrets are kept, not in a file of the program.</summary>
    public string? Password { get; set; }

    /// <summary>The passphrase of the key files. Keep it where secrets are kept.</summary>
    public string? Passphrase { get; set; }

    /// <summary>Answers what <see cref="Password"/> and <see cref="Passphrase"/> do not; see <see cref="SshTunnelOptions.Prompt"/>. Set by code alone.</summary>
    internal Func<SshPrompt, CancellationToken, ValueTask<string?>>? Prompt { get; private set; }

    /// <summary>Has a callback answer what <see cref="Password"/> and <see cref="Passphrase"/> do not.</summary>
    /// <param name="prompt">See <see cref="SshTunnelOptions.Prompt"/>.</param>
    public void AnswerBy(Func<SshPrompt, CancellationToken, ValueTask<string?>> prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        Prompt = prompt;
    }

    /// <summary>The options that these settings mean.</summary>
    /// <param name="loggers">Takes the log.</param>
    internal SshTunnelOptions ToOptions(ILoggerFactory? loggers) => new()
    {
        User = User,
        Port = Port,
        IdentityFiles = [.. IdentityFiles],
        ConfigFile = ConfigFile,
        KnownHostsFiles = [.. KnownHostsFiles],
        StrictHostKeyChecking = StrictHostKeyChecking,
        ConnectTimeout = ConnectTimeout,
        KeepAlive = KeepAlive,
        Reconnect = Reconnect,
        ReconnectWait = ReconnectWait,
        SshOptions = [.. SshOptions],
        Prompt = Password is null && Passphrase is null && Prompt is null ? null : AnswerAsync,
        LoggerFactory = loggers,
    };

    private ValueTask<string?> AnswerAsync(SshPrompt prompt, CancellationToken cancellationToken)
    {
        string? known = prompt.Kind switch
        {
            // What was wrong once will be wrong again.
            SshPromptKind.Password when prompt.Attempt == 0 => Password,
            SshPromptKind.Passphrase => Passphrase,
            _ => null,
        };
        return known is not null || Prompt is null ? new(known) : Prompt(prompt, cancellationToken);
    }
}
