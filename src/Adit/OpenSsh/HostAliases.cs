namespace Adit.OpenSsh;

/// <summary>Collects the names on the Host lines of configuration files. What stands behind a line that cannot be understood is not known.</summary>
internal sealed class HostAliases(LocalUser local) : ConfigFileReader<bool>
{
    private const int MaxNames = 10_000;

    private readonly List<string> _names = [];

    /// <summary>The names, without patterns, in the order in which they stand.</summary>
    internal IReadOnlyList<string> Names => _names;

    private string UserDirectory => Path.Join(local.Home, ".ssh");

    /// <summary>Reads the user's file and the system's.</summary>
    internal void ReadUsual(string systemDirectory)
    {
        Read(Path.Join(UserDirectory, "config"), new ConfigFileContext(UserDirectory, CheckOwner: true, CheckIncluded: true));
        Read(Path.Join(systemDirectory, "ssh_config"), new ConfigFileContext(systemDirectory, CheckOwner: false, CheckIncluded: true));
    }

    /// <summary>Reads the file of -F.</summary>
    internal void ReadOnly(string file) => Read(file, new ConfigFileContext(UserDirectory, CheckOwner: false, CheckIncluded: true));

    protected override bool Take(ConfigLine line, bool scope)
    {
        if (line.Keyword.Equals("Host", StringComparison.OrdinalIgnoreCase))
            _names.AddRange(line.Arguments.Where(static name => !name.AsSpan().ContainsAny('*', '?', '!')).Take(MaxNames - _names.Count));
        return scope;
    }

    protected override bool Included(bool scope) => scope;

    protected override string IncludedPath(string argument, ConfigSource source) =>
        new Tokens(local, "", "", 22, local.Name, null).ExpandPath(argument, source);

    private void Read(string path, in ConfigFileContext context)
    {
        try
        {
            Read(Path.GetFullPath(Tokens.ExpandTilde(path, local, ConfigSource.CommandLine)), context, scope: true);
        }
        catch (Exception e) when (e is ConfigException or ArgumentException)
        {
            // Whoever types a host's name is not the one to tell; the command itself will.
        }
    }
}
