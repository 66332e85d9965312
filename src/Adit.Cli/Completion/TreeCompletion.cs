using System.CommandLine;

namespace Adit.Cli.Completion;

/// <summary>Completes what System.CommandLine parses, from its own description of it.</summary>
internal static class TreeCompletion
{
    /// <summary>Completes a word.</summary>
    /// <param name="root">The description, to whose commands the first word in front belongs.</param>
    /// <param name="before">The words in front.</param>
    /// <param name="typed">The word.</param>
    /// <param name="argument">Completes an argument that is no option, given the name by which the help calls it, and the word.</param>
    internal static Candidates Complete(Command root, IEnumerable<string> before, string typed, Func<string, string, Candidates> argument)
    {
        Command command = root;
        Option? pending = null;
        bool optionsEnded = false;
        foreach (string word in before)
        {
            if (pending is not null)
                pending = null;
            else if (word == "--")
                optionsEnded = true;
            else if (!optionsEnded && word.StartsWith('-'))
                pending = command.Options.FirstOrDefault(option => Names(option).Contains(word, StringComparer.Ordinal) && HasArgument(option));
            else if (command.Subcommands.FirstOrDefault(inner => inner.Name == word) is { } inner)
                command = inner;
        }

        if (pending is not null)
            return Value(pending, typed);
        if (!optionsEnded && typed.StartsWith('-'))
            return Candidates.Of(typed, command.Options.Concat(root.Options.Where(static option => option.Recursive)).SelectMany(Names).Where(static name => name.StartsWith('-')));
        return command.Subcommands.Count > 0 ? Candidates.Of(typed, command.Subcommands.Select(static inner => inner.Name))
            : command.Arguments is [var first, ..] ? argument(first.Name, typed)
            : Candidates.None;
    }

    private static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name);

    private static bool HasArgument(Option option) => option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;

    private static Candidates Value(Option option, string typed) => option switch
    {
        { HelpName: "FILE" or "FOLDER" } => Candidates.Files,
        { Name: "-L" or "-R" } => HostCompletion.Forward(typed, [], mayBeTarget: false),
        _ => Candidates.None,
    };
}
