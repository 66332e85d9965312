using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>Finds what the options of the command and the files of ssh_config(5) say about one destination.</summary>
internal static class SshConfig
{
    /// <summary>As <see cref="Resolve(HostQuery)"/>.</summary>
    internal static HostConfig Resolve(
        string alias, IReadOnlyList<ConfigLine> options, string? file = null, LocalUser? local = null, string systemDirectory = "/etc/ssh") =>
        Resolve(new(alias) { Options = [.. options], File = file, Local = local, SystemDirectory = systemDirectory });

    /// <summary>
    /// Reads all and resolves it. For each keyword the first value wins: options, then the user's file, then the system's. Runs the commands
    /// of Match exec, and asks for names where CanonicalizeHostname says so.
    /// </summary>
    /// <exception cref="ConfigException">Something cannot be read, understood or served; the message names the place.</exception>
    internal static HostConfig Resolve(HostQuery query)
    {
        LocalUser local = query.Local ?? LocalUser.Current();
        string alias = query.Alias;
        if (alias.Length > Endpoint.MaxHostLength || !DestinationName.IsHost(alias))
            throw new ConfigException(ConfigSource.CommandLine, $"\"{alias}\" is not a destination");
        HostSettings settings = new();
        ConfigReader reader = new(query, local, settings);
        reader.ReadOptions(query.Options);
        CheckUser(settings.User.Given);
        ReadFiles(reader, query, local);
        string hostName = Canonicalization.Apply(HostName(alias, settings), settings, local.Machine);
        if (reader.WantsFinal || settings.CanonicalizeHostname.Or(CanonicalizeHostname.No) != CanonicalizeHostname.No)
        {
            // As in ssh: what belongs to the name is settled when the name is.
            settings.CanonicalizeHostname.Offer(CanonicalizeHostname.No, ConfigSource.Default);
            settings.CanonicalizeMaxDots.Offer(1, ConfigSource.Default);
            settings.CanonicalizeFallbackLocal.Offer(true, ConfigSource.Default);
            reader.BeginFinal(hostName);
            ReadFiles(reader, query, local);
        }
        foreach (FirstValue<string?> refusal in settings.Refusals.Values)
        {
            if (refusal.Given is { Value: { } why, Source: var source })
                throw new ConfigException(source, why);
        }
        HostConfig config = HostAssembly.Assemble(query, local, settings, hostName);
        return config with { Files = [.. reader.Files], Notes = [.. reader.Notes, .. config.Notes] };
    }

    /// <summary>A user of the command line ends up in the commands of the files by %r, before anything else is known.</summary>
    private static void CheckUser(Sourced<string>? user)
    {
        if (user is { } given && !DestinationName.IsUser(given.Value))
            throw new ConfigException(given.Source, $"\"{given.Value}\" is not a user");
    }

    private static void ReadFiles(ConfigReader reader, HostQuery query, LocalUser local)
    {
        string userDirectory = Path.Join(local.Home, ".ssh");
        if (query.File is not { } file)
        {
            reader.ReadFile(Path.Join(userDirectory, "config"), userDirectory, checkOwner: true);
            reader.ReadFile(Path.Join(query.SystemDirectory, "ssh_config"), query.SystemDirectory, checkOwner: false);
        }
        else if (!KeywordValue.IsNone(file) && !reader.ReadFile(file, userDirectory, checkOwner: false))
        {
            throw new ConfigException($"{file}: the configuration file of -F does not exist");
        }
    }

    private static string HostName(string alias, HostSettings settings)
    {
        Sourced<string> written = settings.HostName.Given ?? new(alias.Replace("%", "%%", StringComparison.Ordinal), ConfigSource.CommandLine);
        try
        {
            return Endpoint.Tcp(Tokens.ExpandHostName(written.Value, alias, written.Source).ToLowerInvariant(), settings.Port.Or(22)).Host!;
        }
        catch (FormatException e)
        {
            throw new ConfigException(written.Source, e.Message, e);
        }
    }
}
