namespace Adit.OpenSsh;

/// <summary>What a Match line is decided by.</summary>
/// <param name="Host">The name that is connected to, as far as it is known.</param>
/// <param name="OriginalHost">The destination as it was given.</param>
/// <param name="User">The user on the server, as far as is known.</param>
/// <param name="LocalUser">Who connects.</param>
/// <param name="IsFinal">Whether the files are read for the second time.</param>
internal readonly record struct MatchSubject(string Host, string OriginalHost, string User, string LocalUser, bool IsFinal);

/// <summary>The criteria of a Match line, ssh_config(5).</summary>
internal static class MatchCriteria
{
    private static readonly string[] Unserved = ["canonical", "exec", "localnetwork", "tagged", "command", "version", "sessiontype"];
    private static readonly string[] WithoutArgument = ["all", "final", "canonical"];
    private static readonly string[] Known = ["all", "final", "host", "originalhost", "user", "localuser", .. Unserved];

    /// <summary>Whether the lines below apply.</summary>
    /// <param name="line">The Match line.</param>
    /// <param name="subject">What is known by now.</param>
    /// <param name="wantsFinal">Set when the files are to be read once more.</param>
    /// <exception cref="ConfigException">A criterion is unknown, or is not served and would decide.</exception>
    internal static bool Fit(ConfigLine line, in MatchSubject subject, ref bool wantsFinal)
    {
        bool fits = true;
        IReadOnlyList<string> words = line.Arguments;
        foreach ((string criterion, string? argument, bool negated) in Criterion.In(line, Known, WithoutArgument))
        {
            if (criterion == "all" && (negated || words.Count > 2 || (words.Count == 2 && words[0].ToUpperInvariant() is not ("FINAL" or "CANONICAL"))))
                throw new ConfigException(line.Source, "Match all stands alone, or behind final");
            wantsFinal |= criterion == "final";
            // What a criterion that is not served would say is of no matter where another one has already said no.
            if (fits && Unserved.Contains(criterion))
                throw new ConfigException(line.Source, $"Match {criterion} might apply to this destination, and this version does not serve it");
            fits &= !Unserved.Contains(criterion) && One(criterion, argument, subject) != negated;
        }
        return fits;
    }

    private static bool One(string criterion, string? argument, in MatchSubject subject) => criterion switch
    {
        "all" => true,
        "final" => subject.IsFinal,
        "host" => PatternList.FitsList(subject.Host.ToLowerInvariant(), argument!.ToLowerInvariant()),
        "originalhost" => PatternList.FitsList(subject.OriginalHost.ToLowerInvariant(), argument!.ToLowerInvariant()),
        "user" => PatternList.FitsList(subject.User, argument!),
        _ => PatternList.FitsList(subject.LocalUser, argument!),
    };
}
