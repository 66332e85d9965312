namespace Adit;

/// <summary>What is asked of the user of a tunnel.</summary>
public enum SshPromptKind
{
    /// <summary>The password of the account.</summary>
    Password = 0,

    /// <summary>The passphrase of a key file.</summary>
    Passphrase,

    /// <summary>A question of the server, such as for a one-time code (keyboard-interactive).</summary>
    Question,

    /// <summary>Whether the key of an unknown host is right: <c>yes</c> or the key's fingerprint accept it.</summary>
    HostKey,

    /// <summary>Whether something may be done: <c>yes</c> agrees.</summary>
    Confirmation,
}

/// <summary>A question that comes up while a tunnel logs in. Immutable.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Text">The question in words for people. Text of the server in it has no control characters.</param>
public sealed record SshPrompt(SshPromptKind Kind, string Text)
{
    /// <summary>Whose password or answer it is: <c>user@host</c>; null where that is not the point.</summary>
    public string? Account { get; init; }

    /// <summary>The key file of a <see cref="SshPromptKind.Passphrase"/>; null for others.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The fingerprint of a <see cref="SshPromptKind.HostKey"/>, such as <c>SHA256:…</c>; null for others.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>How many answers to a <see cref="SshPromptKind.Password"/> were wrong before.</summary>
    public int Attempt { get; init; }

    /// <summary>Whether the answer must not be shown while it is typed.</summary>
    public bool IsSecret { get; init; } = true;
}
