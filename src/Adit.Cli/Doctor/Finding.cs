using System.Text.Json.Serialization;

namespace Adit.Cli.Doctor;

/// <summary>Something that should not be so. Plain data; names and order are those of <c>adit doctor --json</c>.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="What">It, in words fit for a terminal.</param>
/// <param name="Users">Who can make use of it.</param>
/// <param name="Command">The command that ends or mends it.</param>
internal sealed record Finding(FindingKind Kind, string What, string Users, string Command)
{
    /// <summary>Since when it is so; null where that is not known.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The process that it is about.</summary>
    public int? Pid { get; init; }

    /// <summary>The file that it is about.</summary>
    public string? Path { get; init; }

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<string> Listening { get; init; } = [];

    /// <summary>What became of it with <c>--end</c>; null where nothing was tried.</summary>
    public string? Outcome { get; init; }

    /// <summary>Whether it is no more.</summary>
    public bool Ended { get; init; }

    /// <summary>Ends it; null where a person has to.</summary>
    [JsonIgnore]
    public IEnding? Ending { get; init; }

    /// <summary>Whether it is about the process or the file that a person names.</summary>
    public bool IsAbout(string which) => which == Path || which == Pid?.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
