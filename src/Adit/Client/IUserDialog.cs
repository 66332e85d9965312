using Adit.Ssh.Auth;

namespace Adit.Client;

/// <summary>The person who logs in, as far as there is one: is asked, and is told. Safe to use from several threads.</summary>
internal interface IUserDialog
{
    /// <summary>Asks whether the key of a host that is not known is right.</summary>
    /// <param name="about">What to show.</param>
    /// <param name="fingerprint">The key's fingerprint, which counts as yes when it is typed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<bool> AcceptsHostKeyAsync(string about, string fingerprint, CancellationToken cancellationToken);

    /// <summary>Asks a question that is answered by yes or no; no when nobody answers.</summary>
    ValueTask<bool> ConfirmAsync(string question, CancellationToken cancellationToken);

    /// <summary>Asks for the passphrase of a key file; null when nobody answers. The caller clears it.</summary>
    ValueTask<byte[]?> PassphraseAsync(string path, CancellationToken cancellationToken);

    /// <summary>Asks for a password; null when nobody answers. The caller clears it.</summary>
    /// <param name="account">Whose: user@host.</param>
    /// <param name="attempt">How many were wrong before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<byte[]?> PasswordAsync(string account, int attempt, CancellationToken cancellationToken);

    /// <summary>Passes questions of the server on (RFC 4256); null when nobody answers. The caller clears the answers.</summary>
    ValueTask<byte[][]?> AnswerAsync(string account, KeyboardInteractiveQuestion question, CancellationToken cancellationToken);

    /// <summary>Shows text of the server.</summary>
    void Server(string text);

    /// <summary>Tells what one should know.</summary>
    void Notice(string message);

    /// <summary>Tells a step.</summary>
    void Debug(string message);
}
