namespace Adit.OpenSsh;

/// <summary>What to do about host keys that are not known, ssh_config(5) StrictHostKeyChecking.</summary>
public enum HostKeyChecking
{
    /// <summary>Ask about unknown keys, refuse changed ones.</summary>
    Ask = 0,

    /// <summary>Refuse unknown and changed keys.</summary>
    Yes,

    /// <summary>Accept and remember unknown keys, refuse changed ones.</summary>
    AcceptNew,

    /// <summary>Accept and remember unknown keys; ssh connects even where a key has changed.</summary>
    Off,
}
