namespace Adit.OpenSsh;

/// <summary>One keyword of ssh_config(5).</summary>
/// <param name="Name">As the manual writes it.</param>
/// <param name="Apply">Checks the line and, where it applies to the destination (the settings are not null), remembers its value.</param>
internal sealed record Keyword(string Name, Action<ConfigLine, HostSettings?> Apply)
{
    /// <summary>The first value wins.</summary>
    internal static Keyword One<T>(string name, Func<ConfigLine, T> read, Func<HostSettings, FirstValue<T>> where) =>
        new(name, (line, settings) =>
        {
            T value = read(line);
            if (settings is not null)
                where(settings).Offer(value, line.Source);
        });

    /// <summary>The values add up.</summary>
    internal static Keyword Many<T>(string name, Func<ConfigLine, T> read, Func<HostSettings, ValueList<T>> where) =>
        new(name, (line, settings) =>
        {
            T value = read(line);
            if (settings is not null)
                where(settings).Add(value, line.Source);
        });

    /// <summary>Has no effect here, and without it nothing is less secure.</summary>
    internal static Keyword Ignored(string name) =>
        new(name, (line, settings) => settings?.Ignored.TryAdd(name, line.Source));

    /// <summary>Is not served, and to ignore it would weaken the connection or lead it elsewhere.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="harmless">The values, with bars between them, that ask for nothing.</param>
    /// <param name="group">Keywords of which only the first one written counts share a group.</param>
    internal static Keyword Refused(string name, string harmless, string? group = null)
    {
        string[] asksNothing = harmless.Split('|', StringSplitOptions.RemoveEmptyEntries);
        return new(name, (line, settings) =>
        {
            if (settings is null)
                return;
            if (!settings.Refusals.TryGetValue(group ?? name, out FirstValue<Refusal>? refusal))
                settings.Refusals.Add(group ?? name, refusal = new());
            bool nothing = line.Arguments is [var only] && asksNothing.Contains(only, StringComparer.OrdinalIgnoreCase);
            refusal.Offer(new(nothing ? null : $"{name} applies to this destination, and this version does not serve it"), line.Source);
        });
    }
}
