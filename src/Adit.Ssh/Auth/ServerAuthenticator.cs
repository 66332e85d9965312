using Adit.Ssh.Keys;

namespace Adit.Ssh.Auth;

/// <summary>
/// Decides who is let in. One for each connection; its methods are called one at a time, in the order of the client's requests, and the
/// client waits meanwhile. What they throw ends the connection: a <see cref="SshClosedException"/> for its reason. By default nobody is let in.
/// </summary>
public abstract class ServerAuthenticator
{
    /// <summary>
    /// A user wants in. The answer is the same for a user that does not exist: whoever asks must not learn that.
    /// </summary>
    /// <param name="user">The name. It is the peer's text: show no control characters of it.</param>
    /// <param name="cancellationToken">Cancelled when the connection ends.</param>
    /// <returns>Lists of methods, each to be completed in its order. Any one of them is enough.</returns>
    public abstract ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken);

    /// <summary>What holds for the user of <see cref="BeginAsync"/>; asked once, when that is done.</summary>
    public virtual UserTerms Terms => UserTerms.None;

    /// <summary>Whether a key or certificate lets the user in.</summary>
    /// <param name="key">The key that the client offers.</param>
    /// <param name="proved">Whether the client has shown that it holds it; before that the question is only whether it should.</param>
    /// <param name="cancellationToken">Cancelled when the connection ends.</param>
    public virtual ValueTask<bool> AcceptsKeyAsync(SshPublicKey key, bool proved, CancellationToken cancellationToken) => new(false);

    /// <summary>Whether a password, in UTF-8, lets the user in. The memory is cleared afterwards.</summary>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Cancelled when the connection ends.</param>
    public virtual ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken) => new(false);

    /// <summary>The next step of keyboard-interactive.</summary>
    /// <param name="round">How many questions were answered so far; 0 begins a new conversation.</param>
    /// <param name="answers">The answers to the last question, in UTF-8; cleared afterwards.</param>
    /// <param name="cancellationToken">Cancelled when the connection ends.</param>
    public virtual ValueTask<KeyboardInteractiveStep> AskAsync(int round, IReadOnlyList<byte[]> answers, CancellationToken cancellationToken) =>
        new(KeyboardInteractiveStep.Refused);

    /// <summary>An attempt failed: a method was not accepted, or may not be used.</summary>
    /// <param name="method">The method.</param>
    /// <param name="key">The key that was offered, where one was.</param>
    public virtual void OnFailure(string method, SshPublicKey? key)
    {
    }

    /// <summary>The user is in. Called before the client hears of it.</summary>
    /// <param name="methods">The methods that were completed, in their order.</param>
    public virtual void OnSuccess(IReadOnlyList<string> methods)
    {
    }
}

/// <summary>How a keyboard-interactive conversation goes on: another question, or the end of it.</summary>
/// <param name="Question">The next question; null at the end.</param>
/// <param name="Accepted">Whether the user is let in; counts at the end only.</param>
public readonly record struct KeyboardInteractiveStep(KeyboardInteractiveQuestion? Question, bool Accepted)
{
    /// <summary>The user is let in.</summary>
    public static KeyboardInteractiveStep Done { get; } = new(null, true);

    /// <summary>The user is not let in.</summary>
    public static KeyboardInteractiveStep Refused { get; } = new(null, false);

    /// <summary>There is something to ask.</summary>
    public static KeyboardInteractiveStep Ask(KeyboardInteractiveQuestion question) => new(question, false);
}
