namespace Adit.OpenSsh;

/// <summary>Whether a key of a file that was used is added to the agent, ssh_config(5) AddKeysToAgent.</summary>
internal enum AgentAdditionMode
{
    /// <summary>It is not.</summary>
    No = 0,

    /// <summary>It is.</summary>
    Yes,

    /// <summary>After a question.</summary>
    Ask,

    /// <summary>It is, and the agent asks at each use.</summary>
    Confirm,
}

/// <summary>How a key of a file is added to the agent.</summary>
/// <param name="Mode">Whether it is.</param>
/// <param name="Lifetime">How long the agent keeps it; null for as long as it runs.</param>
internal readonly record struct AgentAddition(AgentAdditionMode Mode, TimeSpan? Lifetime);
