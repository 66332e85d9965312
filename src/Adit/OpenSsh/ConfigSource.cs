using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>Where a value was written.</summary>
/// <param name="File">The file as it was opened, or the words for something that is no file.</param>
/// <param name="Line">The line, from 1; 0 where there are none.</param>
internal readonly record struct ConfigSource(string File, int Line)
{
    /// <summary>The options of the command.</summary>
    internal static ConfigSource CommandLine { get; } = new("command line", 0);

    /// <summary>What holds where nobody wrote anything.</summary>
    internal static ConfigSource Default { get; } = new("default", 0);

    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}");
}
