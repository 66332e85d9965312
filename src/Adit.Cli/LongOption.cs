namespace Adit.Cli;

/// <summary>One of Adit's own options, which are words.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Argument">What its argument is called; null where it takes none.</param>
/// <param name="Keyword">The keyword of the configuration that means the same; null for none.</param>
internal readonly record struct LongOption(string Name, string? Argument = null, string? Keyword = null)
{
    internal const string Help = "--help";
    internal const string Version = "--version";
    internal const string Owner = "--owner";

    private static readonly LongOption[] All =
    [
        new(Help),
        new(Version),
        new("--admit", "RULE", "AditAdmit"),
        new("--expect", "postgres", "AditExpect"),
        new("--expect-cert", "sha256:DIGITS", "AditExpectCert"),
        new("--idle-timeout", "TIME", "AditIdleTimeout"),
        new("--lifetime", "TIME", "AditLifetime"),
        new("--max-connections", "N", "AditMaxConnections"),
        new(Owner, "PID"),
        new("--proxy", "URL", "AditProxy"),
        new("--target-tls", "MODE", "AditTargetTls"),
        new("--via-tls", "[HOST:]PORT", "AditViaTls"),
    ];

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<LongOption> Table => All;

    /// <summary>The names of all.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. All.Select(static option => option.Name)];

    /// <summary>The option of a name; null for an unknown one.</summary>
    internal static LongOption? Find(string name)
    {
        foreach (LongOption option in All)
        {
            if (option.Name.Equals(name, StringComparison.Ordinal))
                return option;
        }
        return null;
    }
}
