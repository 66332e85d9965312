using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Cli.Doctor;

/// <summary>Reads all lines of the files of ssh_config, whichever host they are for.</summary>
internal sealed class ClientSettingReader(LocalUser user) : ConfigFileReader<ClientSettingReader.Scope>
{
    // A host of no name: what depends on it in the path of an Include cannot be known here.
    private const string AnyHost = "host";
    private const int SshPort = 22;

    private readonly List<ClientSetting> _settings = [];

    /// <summary>The lines in the order in which ssh reads them: the first that applies counts.</summary>
    public IReadOnlyList<ClientSetting> Settings => _settings;

    /// <summary>Reads a file if it is there.</summary>
    /// <exception cref="ConfigException">Something cannot be read or understood.</exception>
    public void ReadFile(string path, string includeDirectory, bool checkOwner) =>
        Read(path, new(includeDirectory, checkOwner, CheckIncluded: true), new([], null));

    protected override Scope Take(ConfigLine line, Scope scope)
    {
        if (line.Keyword.ToUpperInvariant() is "HOST" or "MATCH")
            return scope with { Own = line };
        _settings.Add(new(line, scope.All));
        return scope;
    }

    protected override Scope Included(Scope scope) => new(scope.All, null);

    protected override string IncludedPath(string argument, ConfigSource source) =>
        new Tokens(user, AnyHost, AnyHost, SshPort, user.Name, null).ExpandPath(argument, source);

    /// <param name="Outer">The conditions around the Includes that led to the file.</param>
    /// <param name="Own">The Host or Match of the file.</param>
    internal readonly record struct Scope(ImmutableArray<ConfigLine> Outer, ConfigLine? Own)
    {
        internal ImmutableArray<ConfigLine> All => Own is null ? Outer : Outer.Add(Own);
    }
}
