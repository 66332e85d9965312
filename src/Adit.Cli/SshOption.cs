namespace Adit.Cli;

/// <summary>How an option of ssh(1) is treated.</summary>
internal enum OptionService
{
    /// <summary>It has its effect.</summary>
    Served = 0,

    /// <summary>It is taken, and has none.</summary>
    Ignored,

    /// <summary>It would change what happens, and is refused.</summary>
    Refused,
}

/// <summary>One option of ssh(1).</summary>
/// <param name="Letter">Without the dash.</param>
/// <param name="Argument">What its argument is called; null where it takes none.</param>
/// <param name="Service">How it is treated.</param>
internal readonly record struct SshOption(char Letter, string? Argument, OptionService Service)
{
    private static readonly SshOption[] All =
    [
        new('4', null, OptionService.Served),
        new('6', null, OptionService.Served),
        new('A', null, OptionService.Refused),
        new('a', null, OptionService.Served),
        new('B', "bind_interface", OptionService.Refused),
        new('b', "bind_address", OptionService.Served),
        new('C', null, OptionService.Ignored),
        new('c', "cipher_spec", OptionService.Served),
        new('D', "[bind_address:]port", OptionService.Refused),
        new('E', "log_file", OptionService.Served),
        new('e', "escape_char", OptionService.Refused),
        new('F', "configfile", OptionService.Served),
        new('f', null, OptionService.Refused),
        new('G', null, OptionService.Refused),
        new('g', null, OptionService.Served),
        new('h', null, OptionService.Served),
        new('I', "pkcs11", OptionService.Refused),
        new('i', "identity_file", OptionService.Served),
        new('J', "destination", OptionService.Refused),
        new('K', null, OptionService.Refused),
        new('k', null, OptionService.Served),
        new('L', "address", OptionService.Served),
        new('l', "login_name", OptionService.Served),
        new('M', null, OptionService.Refused),
        new('m', "mac_spec", OptionService.Served),
        new('N', null, OptionService.Served),
        new('n', null, OptionService.Served),
        new('O', "ctl_cmd", OptionService.Refused),
        new('o', "option", OptionService.Served),
        new('P', "tag", OptionService.Refused),
        new('p', "port", OptionService.Served),
        new('Q', "query_option", OptionService.Refused),
        new('q', null, OptionService.Served),
        new('R', "address", OptionService.Refused),
        new('S', "ctl_path", OptionService.Refused),
        new('s', null, OptionService.Refused),
        new('T', null, OptionService.Served),
        new('t', null, OptionService.Refused),
        new('V', null, OptionService.Served),
        new('v', null, OptionService.Served),
        new('W', "host:port", OptionService.Refused),
        new('w', "local_tun[:remote_tun]", OptionService.Refused),
        new('X', null, OptionService.Refused),
        new('x', null, OptionService.Served),
        new('Y', null, OptionService.Refused),
        new('y', null, OptionService.Ignored),
    ];

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
