using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>What becomes of a keyword.</summary>
internal enum KeywordFate
{
    /// <summary>It does what sshd_config(5) says.</summary>
    Served,

    /// <summary>It has no effect, and without it nothing is less secure.</summary>
    Ignored,

    /// <summary>Every value but the harmless ones is an error.</summary>
    Refused,
}

/// <summary>One keyword of sshd_config(5).</summary>
/// <param name="Keyword">Its name, and how its lines are read.</param>
/// <param name="IsGlobal">Whether it may not stand in a Match block.</param>
/// <param name="Fate">What becomes of it.</param>
internal sealed record SshdKeyword(Keyword<GatewayValues> Keyword, bool IsGlobal, KeywordFate Fate = KeywordFate.Served)
{
    internal string Name => Keyword.Name;

    /// <summary>May stand only where no Match block holds it for some connections.</summary>
    internal static SshdKeyword Global(Keyword<GatewayValues> keyword) => new(keyword, IsGlobal: true);

    /// <summary>May stand in a Match block, too.</summary>
    internal static SshdKeyword Anywhere(Keyword<GatewayValues> keyword) => new(keyword, IsGlobal: false);

    /// <summary>Has no effect.</summary>
    internal static SshdKeyword Ignored(string name, bool isGlobal = false) =>
        new(new(name, line => values => values.Ignored.TryAdd(name, line.Source)), isGlobal, KeywordFate.Ignored);

    /// <summary>Is an error: to ignore it would weaken security or lead elsewhere.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="harmless">The only value that asks for nothing.</param>
    /// <param name="why">What the administrator should know.</param>
    /// <param name="isGlobal">Whether it may not stand in a Match block.</param>
    internal static SshdKeyword Refused(string name, string harmless, string why, bool isGlobal = false) =>
        new(
            new(name, line => line.Arguments is [var only] && only.Equals(harmless, StringComparison.OrdinalIgnoreCase)
                ? static _ => { }
                : throw KeywordValue.Wrong(line, $"{why}; write {harmless}, or leave it out")),
            isGlobal,
            KeywordFate.Refused);

    /// <summary>Every argument is a value; they add up within a section.</summary>
    internal static Keyword<GatewayValues> Each(string name, Action<ConfigLine, string> check, Func<GatewayValues, SectionList<string>> where) =>
        new(name, line =>
        {
            foreach (string argument in line.Arguments)
                check(line, argument);
            return values =>
            {
                foreach (string argument in line.Arguments)
                    where(values).Add(argument, line.Source);
            };
        });

    /// <summary>A list of algorithms.</summary>
    internal static Keyword<GatewayValues> Algorithms(
        string name, IReadOnlyList<string> served, Func<GatewayValues, FirstValue<ImmutableArray<string>>> where) =>
        new(name, line =>
        {
            List<string> notes = [];
            Sourced<string> written = new(KeywordValue.Algorithms(line), line.Source);
            ImmutableArray<string> list = AlgorithmList.Resolve(written, name, served, notes);
            return values =>
            {
                where(values).Offer(list, line.Source);
                values.Notes.AddRange(notes);
            };
        });
}
