using System.Security.Cryptography;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Auth;

/// <summary>A question of the server, RFC 4256 section 3.2. The texts are the server's: show no control characters of them.</summary>
/// <param name="Name">A title, often empty.</param>
/// <param name="Instruction">What to do, often empty.</param>
/// <param name="Prompts">What to answer, in order. May be empty: then there is only something to show.</param>
public sealed record KeyboardInteractiveQuestion(string Name, string Instruction, IReadOnlyList<KeyboardInteractivePrompt> Prompts);

/// <summary>One prompt of a <see cref="KeyboardInteractiveQuestion"/>.</summary>
/// <param name="Text">What to show.</param>
/// <param name="Echo">Whether the answer may be seen while it is typed.</param>
public sealed record KeyboardInteractivePrompt(string Text, bool Echo);

/// <summary>The "keyboard-interactive" method, RFC 4256.</summary>
/// <param name="answer">
/// Gives one UTF-8 answer for each prompt, or null to give up. The arrays are cleared after use.
/// </param>
/// <param name="attempts">How often to start over when refused. Default 3; 1 to 100.</param>
public sealed class KeyboardInteractiveMethod(
    Func<KeyboardInteractiveQuestion, CancellationToken, ValueTask<byte[][]?>> answer, int attempts = 3) : ClientAuthMethod
{
    // A server may ask in rounds; one that never ends is cut off.
    private const int MaxRounds = 50;

    private int _attempt;

    /// <inheritdoc/>
    public override string Name => "keyboard-interactive";

    internal override async ValueTask<AuthOutcome> TryAsync(ClientAuthentication authentication, CancellationToken cancellationToken)
    {
        if (_attempt++ >= attempts)
            return AuthOutcome.Exhausted;
        authentication.Note(Name);
        authentication.Request(Name, Fields());
        for (int round = 0; round < MaxRounds; round++)
        {
            AuthReply reply = await authentication.ReplyAsync(cancellationToken).ConfigureAwait(false);
            if (reply.Number is not MessageNumber.UserAuthMethod60)
            {
                AuthOutcome outcome = authentication.Outcome(reply);

                // Refused before anything was asked: asking again changes nothing.
                if (outcome is AuthOutcome.Failure && round == 0)
                    _attempt = attempts;
                return outcome;
            }

            if (!await AnswerAsync(authentication, Message.Decode<InfoRequest>(reply.Payload), cancellationToken).ConfigureAwait(false))
                return AuthOutcome.Exhausted;
        }

        throw new SshProtocolException(CloseReason.AuthenticationFailed, $"the server asked more than {MaxRounds} rounds of questions");
    }

    private async ValueTask<bool> AnswerAsync(ClientAuthentication authentication, InfoRequest request, CancellationToken cancellationToken)
    {
        var question = new KeyboardInteractiveQuestion(
            request.Name, request.Instruction, [.. request.Prompts.Select(prompt => new KeyboardInteractivePrompt(prompt.Text, prompt.Echo))]);
        byte[][]? answers = await answer(question, cancellationToken).ConfigureAwait(false);
        if (answers is null)
            return false;
        if (answers.Length != request.Prompts.Length)
            throw new InvalidOperationException($"{answers.Length} answers were given to {request.Prompts.Length} prompts");
        authentication.Send(new InfoResponse(answers));
        foreach (byte[] secret in answers)
            CryptographicOperations.ZeroMemory(secret);
        return true;
    }

    private static byte[] Fields()
    {
        var writer = new SshWriter(stackalloc byte[16]);
        writer.WriteString(string.Empty); // language tag
        writer.WriteString(string.Empty); // submethods: the server's choice
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}
