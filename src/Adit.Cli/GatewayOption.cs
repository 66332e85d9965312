namespace Adit.Cli;

/// <summary>One option of <c>adit gateway</c>, which means what it does for sshd(8).</summary>
/// <param name="Letter">Without the dash.</param>
/// <param name="Argument">What its argument is called; null where it takes none.</param>
internal readonly record struct GatewayOption(char Letter, string? Argument = null)
{
    /// <summary>Those that are served.</summary>
    internal static IReadOnlyList<GatewayOption> Table { get; } =
    [
        new('C', "connection"),
        new('D'),
        new('d'),
        new('E', "log_file"),
        new('e'),
        new('f', "configfile"),
        new('h', "host_key_file"),
        new('i'),
        new('o', "option"),
        new('p', "port"),
        new('q'),
        new('T'),
        new('t'),
    ];

    /// <summary>The option of a letter; null for one that is not served.</summary>
    internal static GatewayOption? Find(char letter)
    {
        foreach (GatewayOption option in Table)
        {
            if (option.Letter == letter)
                return option;
        }
        return null;
    }
}
