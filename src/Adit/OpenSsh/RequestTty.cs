namespace Adit.OpenSsh;

/// <summary>Whether a session has a terminal, ssh_config(5) RequestTTY.</summary>
internal enum RequestTty
{
    /// <summary>For a shell, if standard input is a terminal.</summary>
    Auto = 0,

    /// <summary>Never, as with -T.</summary>
    No,

    /// <summary>For a command too, if standard input is a terminal, as with -t.</summary>
    Yes,

    /// <summary>Always, as with -tt.</summary>
    Force,
}
