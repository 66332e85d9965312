using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Configuration;

/// <summary>A Match block of sshd_config(5): the lines that hold for some connections. Immutable.</summary>
internal sealed class MatchBlock
{
    private static readonly string[] Unserved = ["host", "rdomain", "version", "invalid-user"];
    private static readonly string[] Known = ["all", "user", "group", "address", "localaddress", "localport", .. Unserved];
    private static readonly string[] WithoutArgument = ["all", "invalid-user"];

    private readonly MatchBlock? _outer;
    private readonly ImmutableArray<Func<ConnectionSubject, bool>> _criteria;

    private MatchBlock(MatchBlock? outer, ImmutableArray<Func<ConnectionSubject, bool>> criteria)
    {
        _outer = outer;
        _criteria = criteria;
    }

    /// <summary>Whether the block is for everybody, which makes its lines lines of the global section too.</summary>
    internal bool IsForAll => _criteria.IsEmpty && _outer is null or { IsForAll: true };

    /// <summary>Reads a Match line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="outer">The block that includes the file in which it stands; null for none.</param>
    /// <exception cref="ConfigException">A criterion is unknown or not served, or its argument is wrong.</exception>
    internal static MatchBlock Read(ConfigLine line, MatchBlock? outer)
    {
        Criterion[] criteria = [.. Criterion.In(line, Known, WithoutArgument)];
        if (Array.Exists(criteria, criterion => criterion.Name == "all"))
        {
            return criteria is [{ IsNegated: false }]
                ? new(outer, [])
                : throw new ConfigException(line.Source, "Match all stands alone");
        }
        return new(outer, [.. criteria.Select(criterion => One(line, criterion))]);
    }

    /// <summary>Whether the lines hold for a connection; for none in particular (null), only those for everybody do.</summary>
    internal bool Fits(ConnectionSubject? subject) =>
        subject is null ? IsForAll : _outer?.Fits(subject) != false && _criteria.All(criterion => criterion(subject));

    private static Func<ConnectionSubject, bool> One(ConfigLine line, in Criterion criterion)
    {
        (string name, string? argument, bool negated) = criterion;
        if (Unserved.Contains(name))
        {
            throw new ConfigException(
                line.Source,
                $"Match {name} is not served; write User, Group, Address, LocalAddress, LocalPort or All"
                    + (name == "host" ? " (names of clients are not looked up: write Address)" : ""));
        }
        if (negated)
            throw new ConfigException(line.Source, $"Match has no !{name}; put the ! in front of the pattern");
        string list = argument!;
        switch (name)
        {
            case "user":
                return subject => PatternList.FitsList(subject.User, list);
            case "group":
                return subject => FitsGroup(subject.Groups, list);
            case "address":
                AddressPatternList addresses = Addresses(line, name, list);
                return subject => Contains(addresses, subject.Address);
            case "localaddress":
                AddressPatternList localAddresses = Addresses(line, name, list);
                return subject => Contains(localAddresses, subject.LocalAddress);
            default:
                int port = ushort.TryParse(list, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
                    ? number
                    : throw new ConfigException(line.Source, $"Match localport cannot be \"{list}\": write a number from 1 to 65535");
                return subject => subject.LocalPort == port;
        }
    }

    /// <summary>One group that is excluded outweighs all others.</summary>
    private static bool FitsGroup(ImmutableArray<string> groups, string list)
    {
        string[] excluded =
            [.. list.Split(',', StringSplitOptions.TrimEntries).Where(pattern => pattern.StartsWith('!')).Select(pattern => pattern[1..])];
        return !groups.IsDefaultOrEmpty
            && !groups.Any(group => PatternList.FitsAny(group, excluded))
            && groups.Any(group => PatternList.FitsList(group, list));
    }

    private static bool Contains(AddressPatternList list, IPAddress? address) => address is not null && list.Contains(Endpoint.Unmapped(address));

    private static AddressPatternList Addresses(ConfigLine line, string name, string list)
    {
        try
        {
            return AddressPatternList.Parse(list);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"Match {name} cannot be \"{list}\": {e.Message}; write addresses such as 192.0.2.7,10.0.0.0/8,!10.1.*", e);
        }
    }
}
