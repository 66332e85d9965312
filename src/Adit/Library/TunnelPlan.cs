using System.Buffers;
using System.Globalization;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Adit;

/// <summary>Where a tunnel leads and how, as far as that is known before it connects. Opens tunnels as often as it is asked to.</summary>
internal sealed class TunnelPlan
{
    // A tunnel that is to come back by itself has to notice a dead connection by itself, within seconds.
    private static readonly TimeSpan QuickKeepAlive = TimeSpan.FromSeconds(5);
    private const int UnansweredKeepAlives = 2;
    private static readonly SearchValues<char> NeverInKeyword = SearchValues.Create(" \t=\"\r\n");

    private readonly SshTunnelOptions _options;
    private readonly SshDestination _host;
    private readonly ILogger _engineLogger;
    private readonly List<ConfigLine> _lines;

    /// <exception cref="TunnelConfigurationException">The destination or an option cannot be one.</exception>
    public TunnelPlan(string destination, SshTunnelOptions options)
    {
        Destination = destination;
        _options = options;
        ILoggerFactory loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        Logger = loggers.CreateLogger("Adit.SshTunnel");
        _engineLogger = loggers.CreateLogger("Adit.Ssh");
        Reporter = new(destination, Logger);
        try
        {
            _host = SshDestination.Parse(destination);
            _lines = [.. Lines()];
        }
        catch (Exception e) when (e is FormatException or ConfigException)
        {
            throw new TunnelConfigurationException(e.Message, e);
        }
    }

    /// <summary>The destination as it was given.</summary>
    public string Destination { get; }

    /// <summary>The log of the tunnel.</summary>
    public ILogger Logger { get; }

    /// <summary>Takes what happens.</summary>
    public TunnelReporter Reporter { get; }

    /// <summary>Connects and logs in.</summary>
    /// <exception cref="Exception">See <see cref="TunnelFailure.OfOpening"/>.</exception>
    public async Task<OpenTunnel> OpenAsync(CancellationToken cancellationToken)
    {
        HostConfig config = SshConfig.Resolve(new(_host.Host) { Options = [.. _lines], File = _options.ConfigFile });
        foreach (string warning in config.Warnings)
            TunnelLog.Notice(Logger, warning);
        if (config.TargetTls is not null)
            throw new ConfigException("AditTargetTls is for adit's own ports: a program has its database client speak TLS through the tunnel; write AditTargetTls none for this host, or in a file of its own");
        var path = new LoginPath(hop => LoginPath.ConfigurationOf(hop, _options.ConfigFile), new PromptDialog(_options.Prompt, Logger), _engineLogger);
        bool reconnects = _options.Reconnect ?? config.Reconnect;
        Login login = path.To(config, handler: null, KeepAlive(config, reconnects), isInteractive: false);
        try
        {
            var tunnel = await Tunnel.OpenAsync(config.Alias, login.ConnectAsync, Behaviour(config, reconnects), cancellationToken).ConfigureAwait(false);
            return new(tunnel, login, ChannelTimeout.Terms(config.ChannelTimeouts, DirectTcpip.ChannelType, _options.Time));
        }
        catch
        {
            await login.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private KeepAliveOptions? KeepAlive(HostConfig config, bool reconnects) =>
        _options.KeepAlive is { } asked ? new(asked, UnansweredKeepAlives)
        : reconnects && config.ServerAliveInterval == TimeSpan.Zero ? new(QuickKeepAlive, UnansweredKeepAlives)
        : null;

    private TunnelOptions Behaviour(HostConfig config, bool reconnects) => new()
    {
        Reconnect = reconnects,
        Patience = _options.ReconnectWait ?? config.ReconnectWait,
        IdleTimeout = config.Written.IdleTimeout.Given is null ? _options.DefaultIdleTimeout : config.IdleTimeout,
        Lifetime = config.Lifetime,
        AddressFamily = config.AddressFamily,
        Events = Reporter,
        Time = _options.Time,
    };

    // For each keyword the first line counts.
    private IEnumerable<ConfigLine> Lines()
    {
        static ConfigLine Line(string option, string keyword, string value) => ConfigLine.Option(option, keyword, value);
        static string Seconds(TimeSpan time) => Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

        if (_host.User is { } user)
            yield return Line("destination", "User", user);
        if (_host.Port is { } port)
            yield return Line("destination", "Port", port.ToString(CultureInfo.InvariantCulture));
        if (_options.User is { } otherUser)
            yield return Line(nameof(_options.User), "User", otherUser);
        if (_options.Port is { } otherPort)
            yield return Line(nameof(_options.Port), "Port", otherPort.ToString(CultureInfo.InvariantCulture));
        foreach (string file in _options.IdentityFiles)
            yield return Line(nameof(_options.IdentityFiles), "IdentityFile", file);
        if (_options.KnownHostsFiles is { Count: > 0 } known)
            yield return new("UserKnownHostsFile", known, new(nameof(_options.KnownHostsFiles), 0));
        if (_options.StrictHostKeyChecking is { } checking)
            yield return Line(nameof(_options.StrictHostKeyChecking), "StrictHostKeyChecking", Word(checking));
        if (_options.ConnectTimeout is { } timeout)
            yield return Line(nameof(_options.ConnectTimeout), "ConnectTimeout", Seconds(timeout));
        if (_options.Prompt is null)
            yield return Line(nameof(_options.Prompt), "BatchMode", "yes");

        // What a tunnel without a session has by default, such as reconnection.
        yield return Line("tunnel", "SessionType", "none");
        foreach ((string keyword, string value) in _options.SshOptions)
        {
            var source = new ConfigSource($"{nameof(_options.SshOptions)} {keyword}", 0);
            if (keyword.AsSpan().ContainsAny(NeverInKeyword) || value.AsSpan().ContainsAny('\r', '\n'))
                throw new ConfigException(source, "a keyword is one word, and its value one line");
            yield return ConfigLine.Parse($"{keyword} {value}", source) ?? throw new ConfigException(source, "the keyword is missing");
        }
    }

    private static string Word(HostKeyChecking checking) => checking switch
    {
        HostKeyChecking.Ask => "ask",
        HostKeyChecking.Yes => "yes",
        HostKeyChecking.AcceptNew => "accept-new",
        HostKeyChecking.Off => "off",
        _ => throw new FormatException($"{nameof(SshTunnelOptions.StrictHostKeyChecking)} is {checking}, which is none of its values"),
    };
}

/// <summary>A tunnel at work, with what it logs in by.</summary>
/// <param name="Tunnel">The tunnel.</param>
/// <param name="Login">Its login.</param>
/// <param name="Terms">The time limits of its connections.</param>
internal sealed record OpenTunnel(Tunnel Tunnel, Login Login, RelayOptions Terms) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Tunnel.DisposeAsync().ConfigureAwait(false);
        await Login.DisposeAsync().ConfigureAwait(false);
    }
}
