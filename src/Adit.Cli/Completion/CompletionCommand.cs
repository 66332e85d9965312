using Adit.OpenSsh;

namespace Adit.Cli.Completion;

/// <summary><c>adit completion</c>: prints the script by which a shell completes the words of adit, and answers its questions.</summary>
internal static class CompletionCommand
{
    /// <summary>Prints the candidates for the last of the words behind <c>--</c>. For the scripts alone.</summary>
    internal const string Words = "words";

    private const string Help = "--help";
    private const int Failed = 255;

    /// <summary>Runs it.</summary>
    /// <param name="args">The arguments behind the command's name.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case [Help or "-h"]:
                await Console.Out.WriteLineAsync(HelpText.Completion);
                return 0;
            case [Words, .. var words]:
                foreach (string line in words is ["--", .. var behind] ? Answer(behind, NearbyNames.Current) : [])
                    await Console.Out.WriteLineAsync(line);
                return 0;
            case [var shell] when CompletionScript.Find(shell) is { } script:
                await Console.Out.WriteLineAsync(script);
                return 0;
            default:
                await StandardError.Writer.WriteLineAsync(
                    $"adit: adit completion takes the name of a shell, one of {string.Join(", ", CompletionScript.Shells)}; see adit completion {Help}");
                return Failed;
        }
    }

    /// <summary>Completes the words behind adit; the last one, which may be empty, is the one that is being typed.</summary>
    internal static Candidates Complete(string[] words, NearbyNames names) => words switch
    {
        [] => Candidates.None,
        [var typed] when !typed.StartsWith('-') =>
            Candidates.Of(typed, Subcommand.Table.Select(static command => command.Name)).And(SshCompletion.Complete(CommandForm.Ssh, [], typed, names)),
        [var first, .. var before, var typed] when Subcommand.Find(first) is { } command => command.Complete(before, typed, names),
        [.. var before, var typed] => SshCompletion.Complete(CommandForm.Ssh, before, typed, names),
    };

    /// <summary>Completes the words of this command.</summary>
    internal static Candidates Complete(IReadOnlyList<string> before, string typed) =>
        before.Count == 0 ? Candidates.Of(typed, CompletionScript.Shells.Append(Help)) : Candidates.None;

    // Whoever presses a key in the midst of a line does not want to hear why nothing comes of it.
    private static IEnumerable<string> Answer(string[] words, NearbyNames names)
    {
        try
        {
            return [.. Complete(words, names).Lines()];
        }
        catch (Exception e) when (e is ConfigException or UsageException or FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
