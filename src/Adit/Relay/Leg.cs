namespace Adit.Relay;

/// <summary>What protects the bytes of a leg on their way.</summary>
public enum LegProtection
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An SSH connection.</summary>
    Ssh,

    /// <summary>A TLS connection.</summary>
    Tls,
}

/// <summary>One hop of a tunnel: from where, to where, what protects it, and how its far end was verified. Immutable plain data.</summary>
/// <param name="From">Where the hop begins, in words: "app", or the name of a machine.</param>
/// <param name="To">Where it ends: an endpoint.</param>
/// <param name="Protection">What protects the bytes.</param>
public sealed record Leg(string From, string To, LegProtection Protection)
{
    /// <summary>
    /// How the far end was verified, such as "host key verified (known_hosts:3)"; null where it was not, which is said aloud for a
    /// protected leg.
    /// </summary>
    public string? Verification { get; init; }

    /// <summary>The machine that the leg does not leave, such as "this machine" or "foo.com"; null for a leg that goes over a wire.</summary>
    public string? Within { get; init; }

    /// <summary>Whether both ends are on one machine, so that nothing goes over a wire.</summary>
    public bool IsLocal => Within is not null;

    /// <summary>Whether the bytes go over a wire with nothing that protects them.</summary>
    public bool IsPlaintext => Protection == LegProtection.None && !IsLocal;

    /// <summary>The hop to a target over plain TCP or a Unix socket, which is local or <c>PLAINTEXT</c> as the machine has it.</summary>
    /// <param name="machine">The machine that connects.</param>
    /// <param name="target">The target as that machine sees it.</param>
    internal static Leg Plain(Machine machine, Endpoint target)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(target);
        return new(machine.Name, target.ToString(), LegProtection.None) { Within = machine.Owns(target) ? machine.Name : null };
    }

    internal string Note()
    {
        string? protection = Protection switch
        {
            LegProtection.Ssh => "ssh, " + (Verification ?? "NOT VERIFIED"),
            LegProtection.Tls => "tls, " + (Verification ?? "NOT VERIFIED"),
            _ => null,
        };
        string? place = Within switch
        {
            null => protection is null ? "PLAINTEXT" : null,
            Machine.ThisName => Machine.ThisName,
            _ => "on " + Within,
        };
        return string.Join(", ", new[] { protection, place }.Where(static part => part is not null));
    }
}
