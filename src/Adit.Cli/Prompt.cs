using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Adit.Cli;

/// <summary>
/// Asks the user: on the terminal, or through the program of SSH_ASKPASS where there is none (ssh(1), ENVIRONMENT). The answer is null
/// when nobody can be asked, or the user gives up.
/// </summary>
internal static class Prompt
{
    private const int MaxAnswer = 8 * 1024;

    /// <summary>Asks for a secret, which is not shown while it is typed. UTF-8; the caller clears it.</summary>
    public static ValueTask<byte[]?> SecretAsync(string question, CancellationToken cancellationToken) =>
        AskAsync(question, echo: false, cancellationToken);

    /// <summary>Asks for something that may be seen.</summary>
    public static ValueTask<byte[]?> TextAsync(string question, CancellationToken cancellationToken) =>
        AskAsync(question, echo: true, cancellationToken);

    /// <summary>Asks until the answer is yes or no; anything else but the expected text counts as a typing error.</summary>
    /// <param name="question">The question.</param>
    /// <param name="alsoYes">A text that means yes too; empty for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<bool> YesNoAsync(string question, string alsoYes, CancellationToken cancellationToken)
    {
        string prompt = question;
        while (await TextAsync(prompt, cancellationToken) is { } bytes)
        {
            string answer = Encoding.UTF8.GetString(bytes).Trim();
            // Whatever counts as yes, an empty line does not.
            if (answer.Length == 0 || answer.Equals("no", StringComparison.OrdinalIgnoreCase))
                return false;
            if (answer.Equals("yes", StringComparison.OrdinalIgnoreCase) || answer == alsoYes)
                return true;
            prompt = "Please type yes, no or the fingerprint: ";
        }

        return false;
    }

    /// <summary>
    /// Asks for leave in the middle of things: through SSH_ASKPASS, where agreeing without a word is a yes. The terminal is asked only where
    /// it is free. No where nobody can be asked.
    /// </summary>
    public static async ValueTask<bool> ConfirmAsync(string question, bool terminalIsFree, CancellationToken cancellationToken)
    {
        if (AskPassProgram is not { } program || !(HasDisplay || AskPassRequirement is "force"))
            return terminalIsFree && await YesNoAsync($"{question} (yes/no) ", "yes", cancellationToken);
        return await RunAskPassAsync(program, question, cancellationToken, kind: "confirm") is { } answer
            && Encoding.UTF8.GetString(answer).Trim().ToUpperInvariant() is "" or "YES";
    }

    private static string AskPassRequirement => Environment.GetEnvironmentVariable("SSH_ASKPASS_REQUIRE") ?? string.Empty;

    private static string? AskPassProgram =>
        Environment.GetEnvironmentVariable("SSH_ASKPASS") is { Length: > 0 } program && AskPassRequirement is not "never" ? program : null;

    private static bool HasDisplay =>
        Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 } || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };

    private static async ValueTask<byte[]?> AskAsync(string question, bool echo, CancellationToken cancellationToken)
    {
        if (AskPassProgram is { } forced && AskPassRequirement is "force" or "prefer")
            return await RunAskPassAsync(forced, question, cancellationToken);
        if (!OperatingSystem.IsWindows() && Terminal.TryOpen() is { } terminal)
        {
            using (terminal)
                return await terminal.AskAsync(question, echo, cancellationToken);
        }

        return AskPassProgram is { } program && HasDisplay ? await RunAskPassAsync(program, question, cancellationToken) : null;
    }

    private static async ValueTask<byte[]?> RunAskPassAsync(string program, string question, CancellationToken cancellationToken, string? kind = null)
    {
        var start = new ProcessStartInfo(program, [question]) { RedirectStandardOutput = true, UseShellExecute = false };
        if (kind is not null)
            start.Environment["SSH_ASKPASS_PROMPT"] = kind;
        try
        {
            using var process = Process.Start(start)!;
            byte[] answer = new byte[MaxAnswer];
            try
            {
                int length = await process.StandardOutput.BaseStream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken);
                // Closed now, so that a program with more to say ends too.
                process.StandardOutput.Close();
                await process.WaitForExitAsync(cancellationToken);
                return process.ExitCode == 0 && length < answer.Length ? FirstLine(answer.AsSpan(0, length)) : null;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(answer);
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static byte[] FirstLine(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        return (end < 0 ? text : text[..end]).TrimEnd((byte)'\r').ToArray();
    }
}
