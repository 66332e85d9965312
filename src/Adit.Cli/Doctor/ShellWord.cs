namespace Adit.Cli.Doctor;

/// <summary>A word as a shell reads it back.</summary>
internal static class ShellWord
{
    private const string Plain = "%+,-./:=@_";

    /// <summary>The word, in quotes where it needs them.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
