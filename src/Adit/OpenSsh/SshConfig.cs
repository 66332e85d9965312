using System.Globalization;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>What the command line asks of ssh_config.</summary>
public sealed record SshConfigRequest
{
    /// <summary>The destination's name.</summary>
    public required string Host { get; init; }

    /// <summary>Lines of <c>-o</c> and of options that stand for them, in order; they come before every file.</summary>
    public IReadOnlyList<string> CommandLine { get; init; } = [];

    /// <summary><c>-F</c>: read this file alone; <c>none</c> for no file; null for the user's and the system's.</summary>
    public string? File { get; init; }

    /// <summary>The user's home folder.</summary>
    public string Home { get; init; } = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>The agent's socket from the environment; null for none.</summary>
    public string? AgentSocket { get; init; } = Environment.GetEnvironmentVariable("SSH_AUTH_SOCK");
}

/// <summary>Reads ssh_config(5): command line, then the user's file, then the system's; the first value of a keyword wins.</summary>
public sealed class SshConfig
{
    private const string SystemFile = "/etc/ssh/ssh_config";
    private const string CommandLinePlace = "command line";
    private const int MaxIncludeDepth = 16;
    private const int MaxFileLength = 1024 * 1024;
    private const int MaxLineLength = 64 * 1024;

    private static readonly string[] DefaultIdentities = ["id_rsa", "id_ecdsa", "id_ed25519"];
    private static readonly string[] DefaultAuthentications = ["publickey", "keyboard-interactive", "password"];

    private readonly SshConfigRequest _request;
    private readonly HostSettings _settings = new();
    private readonly Tokens _tokens;
    private readonly List<string> _files = [];
    private string[] _ignoreUnknown = [];

    private SshConfig(SshConfigRequest request)
    {
        _request = request;
        _tokens = new(request.Home);
    }

    /// <summary>The configuration of one host.</summary>
    /// <exception cref="ConfigException">A file or option is wrong.</exception>
    public static HostConfig Resolve(SshConfigRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var config = new SshConfig(request);
        config.Read();
        return config.ToHostConfig();
    }

    private void Read()
    {
        bool applies = true;
        foreach (string option in _request.CommandLine)
            ReadLine(ConfigLine.Parse(option, CommandLinePlace), ref applies, depth: 0, isUserFile: true);
        switch (_request.File)
        {
            case null:
                ReadFile(Path.Combine(_request.Home, ".ssh", "config"), depth: 0, applies: true, isUserFile: true);
                ReadFile(SystemFile, depth: 0, applies: true, isUserFile: false);
                break;
            case not "none":
                if (!File.Exists(_request.File))
                    throw new ConfigException(_request.File, "the file does not exist");
                ReadFile(_request.File, depth: 0, applies: true, isUserFile: false);
                break;
            default:
                break;
        }
    }

    private void ReadFile(string path, int depth, bool applies, bool isUserFile)
    {
        if (!File.Exists(path))
            return;
        if (isUserFile)
            RefuseForeignWriters(path);
        try
        {
            if (new FileInfo(path).Length > MaxFileLength)
                throw new ConfigException(path, $"the file is over the limit of {MaxFileLength} bytes");
            _files.Add(path);
            int number = 0;
            foreach (string text in File.ReadLines(path))
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"{path}:{++number}");
                if (text.Length > MaxLineLength)
                    throw new ConfigException(place, $"the line has more than {MaxLineLength} characters");
                ReadLine(ConfigLine.Parse(text, place), ref applies, depth, isUserFile);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, $"the file cannot be read: {e.Message}", e);
        }
    }

    private void ReadLine(ConfigLine? line, ref bool applies, int depth, bool isUserFile)
    {
        if (line is null)
            return;
        Keyword? keyword = Keyword.Named(line.Keyword);
        switch (keyword?.Name)
        {
            case null:
                if (!HostPattern.MatchesList(_ignoreUnknown, line.Keyword.ToLowerInvariant()))
                    throw new ConfigException(line.Place, $"unknown keyword \"{line.Keyword}\"; the nearest known one is {Keyword.Nearest(line.Keyword)}");
                break;
            case "Host":
                if (line.Arguments.Count == 0)
                    throw line.Error("a pattern is missing");
                applies = HostPattern.MatchesList(line.Arguments, _request.Host);
                break;
            case "Match":
                applies = new MatchBlock(line, _request.Host, _settings).Applies();
                break;
            case "Include":
                Include(line, applies, depth, isUserFile);
                break;
            case "IgnoreUnknown":
                if (applies)
                    _ignoreUnknown = [.. line.Arguments.SelectMany(static list => list.ToLowerInvariant().Split(',', StringSplitOptions.RemoveEmptyEntries))];
                break;
            default:
                if (applies)
                    keyword.Apply!(_settings, line);
                break;
        }
    }

    private void Include(ConfigLine line, bool applies, int depth, bool isUserFile)
    {
        if (line.Arguments.Count == 0)
            throw line.Error("a file is missing");
        if (depth == MaxIncludeDepth)
            throw line.Error($"files include each other more than {MaxIncludeDepth} deep");
        foreach (string argument in line.Arguments)
        {
            string pattern = Expand(argument, line, path: true);
            if (!Path.IsPathRooted(pattern))
                pattern = Path.Combine(isUserFile || _request.File is not null ? Path.Combine(_request.Home, ".ssh") : "/etc/ssh", pattern);
            foreach (string file in Glob(pattern))
                ReadFile(file, depth + 1, applies, isUserFile);
        }
    }

    private static IEnumerable<string> Glob(string pattern)
    {
        if (pattern.AsSpan().IndexOfAny('*', '?') < 0)
            return [pattern];
        string folder = Path.GetDirectoryName(pattern) ?? "/";
        IEnumerable<string> folders = folder.AsSpan().IndexOfAny('*', '?') < 0 ? [folder] : Glob(folder);
        string name = Path.GetFileName(pattern);
        return folders.Where(Directory.Exists)
            .SelectMany(Directory.GetFileSystemEntries)
            .Where(entry => HostPattern.Matches(name, Path.GetFileName(entry)) && (name.StartsWith('.') || !Path.GetFileName(entry).StartsWith('.')))
            .Order(StringComparer.Ordinal);
    }

    private static void RefuseForeignWriters(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != UnixFileMode.None)
            throw new ConfigException(path, "others may write to the file; take that away with: chmod go-w " + path);
    }

    private HostConfig ToHostConfig()
    {
        HostSettings s = _settings;
        string user = s.User ?? Environment.UserName;
        int port = s.Port ?? 22;
        _tokens.Set(_request.Host, _request.Host, port, user, s.HostKeyAlias);
        string hostName = s.HostName is null ? _request.Host : Expand(s.HostName, null, path: false, only: "%h");
        _tokens.Set(_request.Host, hostName, port, user, s.HostKeyAlias);
        return new()
        {
            Alias = _request.Host,
            HostName = hostName,
            User = user,
            Port = port,
            HostKeyAlias = s.HostKeyAlias,
            AddressFamily = s.AddressFamily ?? System.Net.Sockets.AddressFamily.Unspecified,
            BindAddress = s.BindAddress,
            ConnectTimeout = s.ConnectTimeout ?? TimeSpan.Zero,
            ConnectionAttempts = s.ConnectionAttempts ?? 1,
            TcpKeepAlive = s.TcpKeepAlive ?? true,
            ServerAliveInterval = s.ServerAliveInterval ?? TimeSpan.Zero,
            ServerAliveCountMax = s.ServerAliveCountMax ?? 3,
            RekeyLimit = s.RekeyLimit ?? RekeyLimit.Default,
            IdentityFiles = s.IdentityFiles.Count > 0
                ? [.. s.IdentityFiles.Where(static file => file.Path != "none").Select(Expand)]
                : [.. DefaultIdentities.Select(name => new ConfiguredPath(Path.Combine(_request.Home, ".ssh", name), "default"))],
            CertificateFiles = [.. s.CertificateFiles.Select(Expand)],
            IdentitiesOnly = s.IdentitiesOnly ?? false,
            IdentityAgent = Agent(s.IdentityAgent),
            UserKnownHostsFiles = KnownHostsFiles(s.UserKnownHostsFiles ?? ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]),
            GlobalKnownHostsFiles = KnownHostsFiles(s.GlobalKnownHostsFiles ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]),
            StrictHostKeyChecking = s.StrictHostKeyChecking ?? StrictHostKeyChecking.Ask,
            HashKnownHosts = s.HashKnownHosts ?? false,
            Algorithms = Algorithms(),
            HostKeyAlgorithmsGiven = s.HostKeyAlgorithms is not null,
            PubkeyAcceptedAlgorithms = s.PubkeyAcceptedAlgorithms,
            Authentications = [.. (s.PreferredAuthentications ?? DefaultAuthentications).Where(IsAllowed)],
            BatchMode = s.BatchMode ?? false,
            NumberOfPasswordPrompts = s.NumberOfPasswordPrompts ?? 3,
            LocalForwards = s.ClearAllForwardings == true ? [] : [.. s.LocalForwards],
            GatewayPorts = s.GatewayPorts ?? false,
            ExitOnForwardFailure = s.ExitOnForwardFailure ?? false,
            LogLevel = s.LogLevel ?? "INFO",
            Files = _files,
            Ignored = [.. s.Ignored.Distinct()],
        };
    }

    private AlgorithmPreferences Algorithms()
    {
        AlgorithmPreferences defaults = AlgorithmPreferences.Default;
        return defaults with
        {
            Ciphers = _settings.Ciphers ?? defaults.Ciphers,
            Macs = _settings.Macs ?? defaults.Macs,
            Kex = _settings.KexAlgorithms ?? defaults.Kex,
            HostKeys = _settings.HostKeyAlgorithms ?? defaults.HostKeys,
        };
    }

    private bool IsAllowed(string method) => method switch
    {
        "publickey" => _settings.PubkeyAuthentication ?? true,
        "password" => _settings.PasswordAuthentication ?? true,
        "keyboard-interactive" => _settings.KbdInteractiveAuthentication ?? true,
        _ => false,
    };

    private string? Agent(string? configured) => configured switch
    {
        "none" => null,
        null or "SSH_AUTH_SOCK" => string.IsNullOrEmpty(_request.AgentSocket) ? null : _request.AgentSocket,
        ['$', not '{', ..] => Environment.GetEnvironmentVariable(configured[1..]),
        _ => Expand(configured, null, path: true),
    };

    private string[] KnownHostsFiles(string[] files) => [.. files.Where(static file => file != "none").Select(file => Expand(file, null, path: true))];

    private ConfiguredPath Expand(ConfiguredPath path)
    {
        try
        {
            return path with { Path = _tokens.Expand(path.Path, path: true) };
        }
        catch (FormatException e)
        {
            throw new ConfigException(path.Place, e.Message, e);
        }
    }

    private string Expand(string text, ConfigLine? line, bool path, string? only = null)
    {
        try
        {
            return _tokens.Expand(text, path, only);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line?.Place ?? "configuration", e.Message, e);
        }
    }
}
