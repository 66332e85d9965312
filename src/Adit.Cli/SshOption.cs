namespace Adit.Cli;

/// <summary>One option of ssh(1).</summary>
/// <param name="Letter">Without the dash.</param>
/// <param name="Argument">What its argument is called; null where it takes none.</param>
/// <param name="Refusal">Why it is refused; null for an option that is served.</param>
internal readonly record struct SshOption(char Letter, string? Argument, string? Refusal = null)
{
    private static readonly SshOption[] All =
    [
        new('1', null, Refusal: "SSH-1 is not served by anyone any more"),
        new('2', null),
        new('4', null),
        new('6', null),
        new('A', null),
        new('a', null),
        new('B', "bind_interface"),
        new('b', "bind_address"),
        new('C', null),
        new('c', "cipher_spec"),
        new('D', "[bind_address:]port"),
        new('E', "log_file"),
        new('e', "escape_char"),
        new('F', "configfile"),
        new('f', null),
        new('G', null),
        new('g', null),
        new('h', null),
        new('I', "pkcs11", Refusal: "keys of tokens are used by way of the agent; load them there with ssh-add -s"),
        new('i', "identity_file"),
        new('J', "destination"),
        new('K', null),
        new('k', null),
        new('L', "address"),
        new('l', "login_name"),
        new('M', null),
        new('m', "mac_spec"),
        new('N', null),
        new('n', null),
        new('O', "ctl_cmd"),
        new('o', "option"),
        new('P', "tag"),
        new('p', "port"),
        new('Q', "query_option"),
        new('q', null),
        new('R', "address"),
        new('S', "ctl_path"),
        new('s', null),
        new('T', null),
        new('t', null),
        new('V', null),
        new('v', null),
        new('W', "host:port"),
        new('w', "local_tun[:remote_tun]", Refusal: "there are no tunnels of the network's layers; forward ports instead"),
        new('X', null),
        new('x', null),
        new('Y', null),
        new('y', null),
    ];

    /// <summary>All of them, also those that are refused.</summary>
    internal static IReadOnlyList<SshOption> Table => All;

    /// <summary>The option of a letter; null for an unknown one.</summary>
    internal static SshOption? Find(char letter)
    {
        foreach (SshOption option in All)
        {
            if (option.Letter == letter)
                return option;
        }
        return null;
    }

    /// <summary>The letter in the other case, if that is an option.</summary>
    internal static SshOption? FindNear(char letter) =>
        Find(char.IsAsciiLetterUpper(letter) ? char.ToLowerInvariant(letter) : char.ToUpperInvariant(letter));
}
