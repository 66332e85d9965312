namespace Adit.OpenSsh;

/// <summary>One keyword of a configuration file.</summary>
/// <param name="Name">As the manual writes it.</param>
/// <param name="Read">Checks a line, and gives what remembers its value where the line applies.</param>
internal sealed record Keyword<TSettings>(string Name, Func<ConfigLine, Action<TSettings>> Read)
{
    /// <summary>Whether it has an effect here.</summary>
    internal bool IsServed { get; init; } = true;

    /// <summary>Whether it could have this value; its reader says so.</summary>
    internal bool Takes(string value)
    {
        try
        {
            _ = Read(ConfigLine.Option(Name, Name, value));
            return true;
        }
        catch (ConfigException)
        {
            return false;
        }
    }

    /// <summary>The first value wins.</summary>
    internal static Keyword<TSettings> One<T>(string name, Func<ConfigLine, T> read, Func<TSettings, FirstValue<T>> where) =>
        new(name, line =>
        {
            T value = read(line);
            return settings => where(settings).Offer(value, line.Source);
        });

    /// <summary>The values add up.</summary>
    internal static Keyword<TSettings> Many<T>(string name, Func<ConfigLine, T> read, Func<TSettings, ValueList<T>> where) =>
        new(name, line =>
        {
            T value = read(line);
            return settings => where(settings).Add(value, line.Source);
        });
}
