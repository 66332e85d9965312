namespace Adit.OpenSsh;

/// <summary>Whether the destination's name is made a full one, ssh_config(5) CanonicalizeHostname.</summary>
internal enum CanonicalizeHostname
{
    /// <summary>It is left as it is.</summary>
    No = 0,

    /// <summary>Where the connection is made directly.</summary>
    Yes,

    /// <summary>Also where another host or program makes it.</summary>
    Always,
}
