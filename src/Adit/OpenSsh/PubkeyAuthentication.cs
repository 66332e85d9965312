namespace Adit.OpenSsh;

/// <summary>Whether keys are offered, ssh_config(5) PubkeyAuthentication. How a signature names the host follows from the server here.</summary>
internal enum PubkeyAuthentication
{
    /// <summary>They are not.</summary>
    No = 0,

    /// <summary>They are.</summary>
    Yes,

    /// <summary>They are; written as <c>unbound</c>.</summary>
    Unbound,

    /// <summary>They are; written as <c>host-bound</c>.</summary>
    HostBound,
}
