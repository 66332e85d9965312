namespace Adit.OpenSsh;

/// <summary>Whether known_hosts follows the keys that a server announces, ssh_config(5) UpdateHostKeys.</summary>
internal enum UpdateHostKeys
{
    /// <summary>No.</summary>
    No = 0,

    /// <summary>Without a question.</summary>
    Yes,

    /// <summary>After a question.</summary>
    Ask,
}
