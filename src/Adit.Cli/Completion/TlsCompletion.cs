using Adit.Cli.Tls;
using Adit.Stunnel;

namespace Adit.Cli.Completion;

/// <summary>Completes the command lines of <c>adit tls</c> and <c>adit stunnel</c>.</summary>
internal static class TlsCompletion
{
    private static readonly string[] FileOptions = ["cert", "CAfile", "CApath", "output", "pid", "exec", "EGD", "RNDfile"];

    internal static Candidates Complete(IReadOnlyList<string> before, string typed, bool isStunnel)
    {
        if (isStunnel && Argument(before) is { } option)
            return FileOptions.Contains(option, StringComparer.Ordinal) ? Candidates.Files : Candidates.None;
        if (before is [.., TlsCommandLine.Descriptor])
            return Candidates.None;
        if (!typed.StartsWith('-'))
            return Candidates.Files;
        if (!isStunnel)
            return Candidates.Of(typed, TlsCommandLine.Words);
        IEnumerable<string> letters = StunnelCommandLine.Letters.Keys.Select(static letter => $"-{letter}");
        return Candidates.Of(typed, before.Count == 0 ? TlsCommandLine.StunnelWords.Concat(letters) : letters);
    }

    // The option of stunnel's whose argument comes next.
    private static string? Argument(IReadOnlyList<string> before) =>
        before is [.., ['-', .., var letter] last] && last != TlsCommandLine.Descriptor
        && StunnelCommandLine.Letters.TryGetValue(letter, out string? option) && StunnelCommandLine.HasArgument(letter)
            ? option
            : null;
}
