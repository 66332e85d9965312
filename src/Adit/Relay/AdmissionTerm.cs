using System.Globalization;
using System.Net;
using Adit.Wording;

namespace Adit.Relay;

/// <summary>One of the alternatives of an <see cref="AdmissionRule"/>; its text is what the rule is written with.</summary>
internal abstract record AdmissionTerm
{
    /// <summary>Whom it admits, in words.</summary>
    internal abstract string InWords { get; }
}

internal sealed record AnyTerm : AdmissionTerm
{
    internal override string InWords => "everyone";

    public override string ToString() => "any";
}

internal sealed record SameUserTerm : AdmissionTerm
{
    internal override string InWords => "the user who runs the tunnel";

    public override string ToString() => "same-user";
}

internal sealed record SelfTerm : AdmissionTerm
{
    internal override string InWords => "the process of the tunnel";

    public override string ToString() => "self";
}

/// <param name="Name">The name or the number.</param>
internal sealed record UserTerm(string Name) : AdmissionTerm
{
    internal override string InWords => $"user {Name}";

    public override string ToString() => "user:" + Name;
}

/// <param name="Name">The name or the number.</param>
internal sealed record GroupTerm(string Name) : AdmissionTerm
{
    internal override string InWords => $"members of group {Name}";

    public override string ToString() => "group:" + Name;
}

/// <param name="Path">An absolute path.</param>
internal sealed record ExecutableTerm(string Path) : AdmissionTerm
{
    internal override string InWords => $"program {Printable.Text(Path)} run by the user of the tunnel";

    public override string ToString() => Path.Contains(' ', StringComparison.Ordinal) ? $"exe:\"{Path}\"" : "exe:" + Path;
}

/// <param name="Pid">The process at the root of the tree.</param>
internal sealed record TreeTerm(int Pid) : AdmissionTerm
{
    internal override string InWords => string.Create(CultureInfo.InvariantCulture, $"process {Pid} and its descendants");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid:{Pid}");
}

/// <param name="Networks">Networks of IPv4 and IPv6; none is IPv4 mapped into IPv6.</param>
internal sealed record AddressTerm(IReadOnlyList<IPNetwork> Networks) : AdmissionTerm
{
    internal override string InWords => "peers at " + string.Join(", ", Networks.Select(Text));

    public override string ToString() => "address:" + string.Join(',', Networks.Select(Text));

    internal bool Contains(IPAddress address) => Networks.Any(network => network.Contains(Endpoint.Unmapped(address)));

    private static string Text(IPNetwork network) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 ? network.BaseAddress.ToString() : network.ToString();
}
