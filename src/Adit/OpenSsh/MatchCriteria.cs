namespace Adit.OpenSsh;

/// <summary>What a Match line is decided by.</summary>
/// <param name="Host">The name that is connected to, as far as it is known.</param>
/// <param name="OriginalHost">The destination as it was given.</param>
/// <param name="User">The user on the server, as far as is known.</param>
/// <param name="Local">Who connects.</param>
/// <param name="IsFinal">Whether the files are read for the second time.</param>
internal readonly record struct MatchSubject(string Host, string OriginalHost, string User, LocalUser Local, bool IsFinal)
{
    /// <summary>The tag of -P or Tag, as far as is known; empty for none.</summary>
    internal required string Tag { get; init; }

    /// <summary>The command behind the destination; empty for none.</summary>
    internal required string Command { get; init; }

    /// <summary>What is known of the session: shell, exec, subsystem or none.</summary>
    internal required string SessionType { get; init; }

    /// <summary>The tokens that a command may hold, as far as they are known.</summary>
    internal required Func<Tokens> Tokens { get; init; }
}

/// <summary>The criteria of a Match line, ssh_config(5).</summary>
internal static class MatchCriteria
{
    private static readonly string[] WithoutArgument = ["all", "final", "canonical"];
    private static readonly string[] MayBeEmpty = ["tagged", "command"];

    private static readonly string[] Known =
    [
        .. WithoutArgument, .. MayBeEmpty, "host", "originalhost", "user", "localuser", "localnetwork", "version", "sessiontype", "exec",
    ];

    /// <summary>What Match version compares: ours is no version of OpenSSH.</summary>
    internal static string Version { get; } = $"Adit_{typeof(MatchCriteria).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>Whether the lines below apply.</summary>
    /// <param name="line">The Match line.</param>
    /// <param name="subject">What is known by now.</param>
    /// <param name="isReached">Whether it may apply at all; if not, no command runs.</param>
    /// <param name="wantsFinal">Set when the files are to be read once more.</param>
    /// <exception cref="ConfigException">A criterion is unknown or cannot be decided.</exception>
    internal static bool Fit(ConfigLine line, in MatchSubject subject, bool isReached, ref bool wantsFinal)
    {
        bool fits = isReached;
        IReadOnlyList<string> words = line.Arguments;
        foreach ((string criterion, string? argument, bool negated) in Criterion.In(line, Known, WithoutArgument, MayBeEmpty))
        {
            if (criterion == "all" && (negated || words.Count > 2 || (words.Count == 2 && words[0].ToUpperInvariant() is not ("FINAL" or "CANONICAL"))))
                throw new ConfigException(line.Source, "Match all stands alone, or behind final or canonical");
            wantsFinal |= criterion == "final" && !negated;
            bool one = criterion switch
            {
                "localnetwork" => IsLocal(line, argument!, subject.Local.Machine, fits),
                // Nothing runs for a line that does not apply anyway.
                "exec" => Succeeds(line, argument!, subject, fits),
                _ => One(criterion, argument, subject),
            };
            fits &= one != negated;
        }
        return fits;
    }

    private static bool One(string criterion, string? argument, in MatchSubject subject) => criterion switch
    {
        "all" => true,
        "final" or "canonical" => subject.IsFinal,
        "host" => PatternList.FitsList(subject.Host.ToLowerInvariant(), argument!.ToLowerInvariant()),
        "originalhost" => PatternList.FitsList(subject.OriginalHost.ToLowerInvariant(), argument!.ToLowerInvariant()),
        "user" => PatternList.FitsList(subject.User, argument!),
        "localuser" => PatternList.FitsList(subject.Local.Name, argument!),
        "tagged" => FitsPerhapsEmpty(subject.Tag, argument!),
        "command" => FitsPerhapsEmpty(subject.Command, argument!),
        "version" => PatternList.FitsList(Version, argument!),
        _ => PatternList.FitsList(subject.SessionType, argument!),
    };

    /// <summary>What is empty fits an empty argument alone.</summary>
    private static bool FitsPerhapsEmpty(string text, string argument) =>
        text.Length == 0 ? argument.Length == 0 : PatternList.FitsList(text, argument);

    private static bool IsLocal(ConfigLine line, string argument, LocalMachine machine, bool matters)
    {
        try
        {
            AddressPatternList networks = AddressPatternList.ParseCidrOnly(argument);
            return matters && machine.Addresses().Any(networks.Contains);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"Match localnetwork: {e.Message}; write networks such as 10.0.0.0/8,fd00::/8", e);
        }
    }

    private static bool Succeeds(ConfigLine line, string command, in MatchSubject subject, bool matters)
    {
        string expanded = subject.Tokens().Expand(command, line.Source);
        try
        {
            return matters && subject.Local.Machine.Succeeds(expanded);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"Match exec: {e.Message}", e);
        }
    }
}
