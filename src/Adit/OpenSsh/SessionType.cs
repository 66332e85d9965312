namespace Adit.OpenSsh;

/// <summary>What runs on the connection besides tunnels, ssh_config(5) SessionType.</summary>
internal enum SessionType
{
    /// <summary>A shell or a command.</summary>
    Default = 0,

    /// <summary>A subsystem.</summary>
    Subsystem,

    /// <summary>Nothing, as with -N.</summary>
    None,
}
