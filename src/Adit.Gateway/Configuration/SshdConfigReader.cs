using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>A line that was checked.</summary>
/// <param name="Block">The innermost Match block that it stands in; null for none.</param>
/// <param name="IsGlobal">Whether its keyword is one of the gateway as a whole.</param>
/// <param name="Remember">Takes its value.</param>
internal readonly record struct SshdLine(MatchBlock? Block, bool IsGlobal, Action<GatewayValues> Remember);

/// <summary>Reads lines and files for the gateway: checks all of them, and notes which Match block each belongs to.</summary>
internal sealed class SshdConfigReader : ConfigFileReader<SshdConfigReader.Scope>
{
    // A relative Include is one of this directory for sshd, wherever the including file is.
    private const string IncludeDirectory = "/etc/ssh";
    private const int MostLines = 100_000;

    private readonly ImmutableArray<SshdLine>.Builder _lines = ImmutableArray.CreateBuilder<SshdLine>();
    private bool _portsFromOption;

    /// <summary>The lines with a value, in their order.</summary>
    internal ImmutableArray<SshdLine> Lines => _lines.ToImmutable();

    /// <summary>Options of the command. Ports of <c>-p</c> stand instead of those of the file.</summary>
    internal void ReadOptions(IEnumerable<ConfigLine> options)
    {
        foreach (ConfigLine line in options)
        {
            if (line.Keyword.ToUpperInvariant() is "MATCH" or "INCLUDE")
                throw new ConfigException(line.Source, $"{line.Keyword} belongs in a file");
            Take(line, default);
            _portsFromOption |= line.Source.File == "-p";
        }
    }

    /// <summary>Reads the configuration file.</summary>
    /// <exception cref="ConfigException">It is not there, or something cannot be read or understood.</exception>
    internal void ReadFile(string path)
    {
        if (!Read(path, new(IncludeDirectory, CheckOwner: false, CheckIncluded: false), default))
            throw new ConfigException($"{path}: the configuration file does not exist");
    }

    protected override Scope Take(ConfigLine line, Scope scope)
    {
        if (line.Keyword.Equals("Match", StringComparison.OrdinalIgnoreCase))
            return scope with { Block = MatchBlock.Read(line, scope.Outer) };
        SshdKeyword keyword = SshdKeywords.Find(line.Keyword) ?? throw line.Unknown(SshdKeywords.Names);
        if (keyword.IsGlobal && scope.Block is { IsForAll: false })
        {
            throw new ConfigException(
                line.Source, $"{line.Keyword} may not stand in a Match block, since it holds for the whole gateway; write it above, or below \"Match all\"");
        }
        Action<GatewayValues> remember = keyword.Keyword.Read(line);
        bool counts = !(_portsFromOption && line.Source.File != "-p" && keyword.Name == "Port");
        if (counts && _lines.Count == MostLines)
            throw new ConfigException(line.Source, "these are more than 100,000 lines of configuration");
        if (counts)
            _lines.Add(new(scope.Block, keyword.IsGlobal, remember));
        return scope;
    }

    protected override Scope Included(Scope scope) => new(scope.Block, scope.Block);

    protected override string IncludedPath(string argument, ConfigSource source) => Tokens.ExpandTilde(argument, LocalUser.Current(), source);

    /// <param name="Block">The Match block of the next line.</param>
    /// <param name="Outer">That of the Include by which this file is read.</param>
    internal readonly record struct Scope(MatchBlock? Block, MatchBlock? Outer);
}
