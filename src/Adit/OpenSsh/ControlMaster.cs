namespace Adit.OpenSsh;

/// <summary>Whether this connection is shared with others through a socket, ssh_config(5) ControlMaster.</summary>
internal enum ControlMaster
{
    /// <summary>It uses a master that is there, and becomes none.</summary>
    No = 0,

    /// <summary>It becomes the master.</summary>
    Yes,

    /// <summary>It becomes the master, and asks before it serves another one.</summary>
    Ask,

    /// <summary>It uses a master that is there, and else becomes it.</summary>
    Auto,

    /// <summary>As <see cref="Auto"/>, and asks before it serves another one.</summary>
    AutoAsk,
}
