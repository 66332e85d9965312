using System.Text;
using Adit.Client;
using Adit.Ssh.Auth;
using Adit.Wording;
using Microsoft.Extensions.Logging;

namespace Adit;

/// <summary>Asks by the callback of the options, and tells a log.</summary>
/// <param name="prompt">The callback; null for nobody.</param>
/// <param name="logger">The log.</param>
internal sealed class PromptDialog(Func<SshPrompt, CancellationToken, ValueTask<string?>>? prompt, ILogger logger) : IUserDialog
{
    public async ValueTask<bool> AcceptsHostKeyAsync(string about, string fingerprint, CancellationToken cancellationToken)
    {
        var question = new SshPrompt(SshPromptKind.HostKey, about) { Fingerprint = fingerprint, IsSecret = false };
        string? answer = await AskAsync(question, cancellationToken).ConfigureAwait(false);
        return IsYes(answer) || string.Equals(answer?.Trim(), fingerprint, StringComparison.Ordinal);
    }

    public async ValueTask<bool> ConfirmAsync(string question, CancellationToken cancellationToken) =>
        IsYes(await AskAsync(new(SshPromptKind.Confirmation, question) { IsSecret = false }, cancellationToken).ConfigureAwait(false));

    public async ValueTask<byte[]?> PassphraseAsync(string path, CancellationToken cancellationToken) =>
        Bytes(await AskAsync(new(SshPromptKind.Passphrase, $"passphrase for key {path}") { KeyFile = path }, cancellationToken).ConfigureAwait(false));

    public async ValueTask<byte[]?> PasswordAsync(string account, int attempt, CancellationToken cancellationToken)
    {
        var question = new SshPrompt(SshPromptKind.Password, $"{account}'s password") { Account = account, Attempt = attempt };
        return Bytes(await AskAsync(question, cancellationToken).ConfigureAwait(false));
    }

    public async ValueTask<byte[][]?> AnswerAsync(string account, KeyboardInteractiveQuestion question, CancellationToken cancellationToken)
    {
        byte[][] answers = new byte[question.Prompts.Count][];
        for (int i = 0; i < answers.Length; i++)
        {
            KeyboardInteractivePrompt one = question.Prompts[i];
            string text = string.Join('\n', new[] { question.Name, question.Instruction, one.Text }.Where(static part => part.Length > 0));
            var asked = new SshPrompt(SshPromptKind.Question, Printable.Text(text, keepLines: true)) { Account = account, IsSecret = !one.Echo };
            if (Bytes(await AskAsync(asked, cancellationToken).ConfigureAwait(false)) is not { } answer)
                return null;
            answers[i] = answer;
        }

        return answers;
    }

    public void Server(string text) => TunnelLog.Banner(logger, Printable.Text(text, keepLines: true).TrimEnd('\n'));

    public void Notice(string message) => TunnelLog.Notice(logger, message);

    public void Debug(string message) => TunnelLog.Step(logger, message);

    private ValueTask<string?> AskAsync(SshPrompt question, CancellationToken cancellationToken) =>
        prompt is null ? default : prompt(question, cancellationToken);

    private static bool IsYes(string? answer) => string.Equals(answer?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);

    private static byte[]? Bytes(string? answer) => answer is null ? null : Encoding.UTF8.GetBytes(answer);
}
