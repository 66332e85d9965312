namespace Adit.OpenSsh;

/// <summary>The names of hosts that a person's files know, for whoever is typing one. Nobody is asked and no command is run; what cannot be read is passed over.</summary>
internal static class HostNames
{
    // What is inserted into a command line has no meaning to the shell there, whoever wrote the file.
    private const string Harmless = "-._:/+";

    /// <summary>The names of Host lines, and behind them the plain ones of known_hosts.</summary>
    /// <param name="local">Whose files are read.</param>
    /// <param name="file">The argument of -F: the only configuration to read, or <c>none</c>; null for the usual ones.</param>
    /// <param name="systemDirectory">Where the system's files are.</param>
    internal static IEnumerable<string> Find(LocalUser local, string? file = null, string systemDirectory = "/etc/ssh") =>
        Aliases(local, file, systemDirectory).Concat(Known(local, systemDirectory)).Where(IsPlain).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> Aliases(LocalUser local, string? file, string systemDirectory)
    {
        var aliases = new HostAliases(local);
        if (file is null)
            aliases.ReadUsual(systemDirectory);
        else if (!KeywordValue.IsNone(file))
            aliases.ReadOnly(file);
        return aliases.Names;
    }

    private static IEnumerable<string> Known(LocalUser local, string systemDirectory) =>
        KnownHosts.Load(
            [
                .. HostPaths.DefaultUserKnownHosts.Select(path => Tokens.ExpandTilde(path, local, ConfigSource.Default)),
                .. HostPaths.DefaultGlobalKnownHosts.Select(path => Path.Join(systemDirectory, Path.GetFileName(path))),
            ],
            static _ => { }).Lines.SelectMany(static line => line.PlainNames);

    private static bool IsPlain(string name) =>
        DestinationName.IsHost(name) && name.All(static c => char.IsLetterOrDigit(c) || Harmless.Contains(c, StringComparison.Ordinal));
}
