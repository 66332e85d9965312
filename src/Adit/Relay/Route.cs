using System.Text;

namespace Adit.Relay;

/// <summary>The legs of a tunnel in their order, from the application to the target. Immutable plain data.</summary>
public sealed class Route
{
    /// <summary>Creates a route of legs.</summary>
    /// <exception cref="ArgumentException">There is no leg.</exception>
    internal Route(params IReadOnlyList<Leg> legs)
    {
        ArgumentNullException.ThrowIfNull(legs);
        if (legs.Count == 0)
            throw new ArgumentException("a route has at least one leg", nameof(legs));
        Legs = [.. legs];
    }

    /// <summary>The legs, the application's first.</summary>
    public IReadOnlyList<Leg> Legs { get; }

    /// <summary>Whether some leg carries the bytes over a wire with nothing that protects them.</summary>
    public bool HasPlaintext => Legs.Any(static leg => leg.IsPlaintext);

    /// <summary>This route with a leg in front.</summary>
    internal Route After(Leg first) => new([first, .. Legs]);

    /// <summary>This route with a leg at the end.</summary>
    internal Route Then(Leg last) => new([.. Legs, last]);

    /// <summary>This route with another leg in place of its last one.</summary>
    internal Route EndingIn(Leg last) => new([.. Legs.SkipLast(1), last]);

    /// <summary>
    /// The route in one line, as in <c>app → 127.0.0.1:63333 (this machine) → foo.com:22 (ssh, host key verified) → localhost:5432
    /// (on foo.com)</c>; a leg over a wire without protection is marked <c>PLAINTEXT</c>.
    /// </summary>
    public override string ToString()
    {
        StringBuilder line = new(Legs[0].From);
        foreach (Leg leg in Legs)
            line.Append(" → ").Append(leg.To).Append(" (").Append(leg.Note()).Append(')');
        return line.ToString();
    }
}
