namespace Adit.OpenSsh;

/// <summary>Keywords of ssh_config(5) that are not served.</summary>
internal static class HostKeyword
{
    /// <summary>Has no effect here, and without it nothing is less secure.</summary>
    internal static Keyword<HostSettings> Ignored(string name) =>
        new(name, line => settings => settings.Ignored.TryAdd(name, line.Source));

    /// <summary>Is not served, and to ignore it would weaken the connection or lead it elsewhere.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="harmless">The values, with bars between them, that ask for nothing.</param>
    /// <param name="group">Keywords of which only the first one written counts share a group.</param>
    internal static Keyword<HostSettings> Refused(string name, string harmless, string? group = null)
    {
        string[] asksNothing = harmless.Split('|', StringSplitOptions.RemoveEmptyEntries);
        return new(name, line => settings =>
        {
            if (!settings.Refusals.TryGetValue(group ?? name, out FirstValue<Refusal>? refusal))
                settings.Refusals.Add(group ?? name, refusal = new());
            bool nothing = line.Arguments is [var only] && asksNothing.Contains(only, StringComparer.OrdinalIgnoreCase);
            refusal.Offer(new(nothing ? null : $"{name} applies to this destination, and this version does not serve it"), line.Source);
        });
    }
}
