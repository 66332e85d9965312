using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>An option with its value, as a line of a file or the command line gives it.</summary>
/// <param name="Name">As it was written; names know no case.</param>
/// <param name="Value">Without the blanks around it; may be empty.</param>
/// <param name="Place">Where it stands.</param>
internal sealed record OptionLine(string Name, string Value, ConfigPlace Place)
{
    /// <summary>Most characters of one line, as stunnel has it.</summary>
    internal const int MaxLength = 16 * 1024;

    private const string Blanks = " \t\r\n\v\f";

    /// <summary>Takes a line of a file apart. Null for an empty line, a comment, and the beginning of a section.</summary>
    /// <param name="text">The line.</param>
    /// <param name="place">Where it stands.</param>
    /// <param name="section">The name of the section that begins here.</param>
    /// <exception cref="StunnelException">The line is too long, or is neither option nor section.</exception>
    internal static OptionLine? Parse(ReadOnlySpan<char> text, ConfigPlace place, out string? section)
    {
        section = null;
        if (text.Length > MaxLength)
            throw new StunnelException(place, $"the line is longer than {MaxLength} characters");
        ReadOnlySpan<char> line = text.Trim(Blanks);
        if (line.IsEmpty || line[0] is '#' or ';')
            return null;
        foreach (char c in line)
        {
            if (char.IsControl(c) && c != '\t')
                throw new StunnelException(place, "the line holds a control character; this is not a text file");
        }

        if (line is ['[', .., ']'])
        {
            section = line[1..^1].ToString();
            return section.Length > 0 ? null : throw new StunnelException(place, "a section without a name; write [NAME]");
        }

        int equals = line.IndexOf('=');
        if (equals > 0)
            return new(line[..equals].TrimEnd(Blanks).ToString(), line[(equals + 1)..].TrimStart(Blanks).ToString(), place);
        throw new StunnelException(
            place,
            line[0] == '[' ? $"\"{line}\" is no section; write [NAME] alone on the line, a comment on a line of its own"
            : equals == 0 ? "there is no option in front of the ="
            : $"there is no = in \"{line}\"; write OPTION = VALUE, or [NAME] for a section");
    }

    /// <summary>The error that the value cannot be right.</summary>
    internal StunnelException Wrong(string expected) => new(
        Place,
        $"{Name} = \"{Value}\": {expected}" + (Value.Contains(" ;", StringComparison.Ordinal) || Value.Contains(" #", StringComparison.Ordinal)
            ? " (a comment stands on a line of its own)" : ""));

    /// <summary>The error that serving the option would be less safe than what was asked for, or than what there is.</summary>
    internal StunnelException Refused(string reason) => new(Place, $"{Name}{(Value.Length > 0 ? $" = {Value}" : "")} is refused: {reason}");

    /// <summary>The error that there is no such option.</summary>
    internal StunnelException Unknown(IEnumerable<string> known) =>
        new(Place, $"unknown option \"{Name}\"" + (Spelling.Nearest(Name, known) is { } near ? $"; the nearest known one is {near}" : ""));
}
