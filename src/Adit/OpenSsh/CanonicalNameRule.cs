namespace Adit.OpenSsh;

/// <summary>Which names may be replaced by which names that DNS has for them, one rule of ssh_config(5) CanonicalizePermittedCNAMEs.</summary>
/// <param name="Sources">Patterns of names, with commas between them.</param>
/// <param name="Targets">Patterns of what may replace them.</param>
internal readonly record struct CanonicalNameRule(string Sources, string Targets)
{
    /// <summary>Whether the rule lets one name replace the other.</summary>
    internal bool Permits(string name, string replacement) =>
        PatternList.FitsList(name.ToLowerInvariant(), Sources.ToLowerInvariant())
        && PatternList.FitsList(replacement.ToLowerInvariant(), Targets.ToLowerInvariant());

    /// <inheritdoc/>
    public override string ToString() => $"{Sources}:{Targets}";
}
