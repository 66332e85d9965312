using System.Security.Cryptography;
using Adit.Client;
using Adit.Ssh.Auth;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>The person at the terminal, or behind SSH_ASKPASS.</summary>
internal sealed class ConsoleDialog(Output output) : IUserDialog
{
    public ValueTask<bool> AcceptsHostKeyAsync(string about, string fingerprint, CancellationToken cancellationToken) =>
        Prompt.YesNoAsync($"{about}\nConnect and remember it (yes/no/[fingerprint])? ", fingerprint, cancellationToken);

    public ValueTask<bool> ConfirmAsync(string question, CancellationToken cancellationToken) =>
        Prompt.YesNoAsync($"{question} (yes/no) ", "yes", cancellationToken);

    public ValueTask<byte[]?> PassphraseAsync(string path, CancellationToken cancellationToken) =>
        Prompt.SecretAsync($"Passphrase for key {path}: ", cancellationToken);

    public ValueTask<byte[]?> PasswordAsync(string account, int attempt, CancellationToken cancellationToken)
    {
        if (attempt > 0)
            output.Notice("permission denied, please try again");
        return Prompt.SecretAsync($"{account}'s password: ", cancellationToken);
    }

    public async ValueTask<byte[][]?> AnswerAsync(string account, KeyboardInteractiveQuestion question, CancellationToken cancellationToken)
    {
        foreach (string text in (string[])[question.Name, question.Instruction])
        {
            if (text.Length > 0)
                output.Server(text);
        }

        byte[][] answers = new byte[question.Prompts.Count][];
        for (int i = 0; i < answers.Length; i++)
        {
            KeyboardInteractivePrompt prompt = question.Prompts[i];
            string text = $"({account}) {Printable.Text(prompt.Text)}";
            byte[]? answer = prompt.Echo ? await Prompt.TextAsync(text, cancellationToken) : await Prompt.SecretAsync(text, cancellationToken);
            if (answer is null)
            {
                foreach (byte[] given in answers.AsSpan(0, i))
                    CryptographicOperations.ZeroMemory(given);
                return null;
            }

            answers[i] = answer;
        }

        return answers;
    }

    public void Server(string text) => output.Server(text);

    public void Notice(string message) => output.Notice(message);

    public void Debug(string message) => output.Debug(message);
}
