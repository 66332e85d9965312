namespace Adit.Stunnel;

/// <summary>What becomes of an option.</summary>
internal enum OptionTreatment
{
    /// <summary>Its value is taken over; single values may still be refused.</summary>
    Served = 0,

    /// <summary>Nothing becomes of it, which is said once, with the reason.</summary>
    Ignored,

    /// <summary>An error, since going on without it would be less safe than what was asked for, or break what was asked for.</summary>
    Refused,
}

/// <summary>An option of stunnel, or one of Adit's own words.</summary>
/// <param name="Name">As the manual writes it.</param>
/// <param name="Treatment">What becomes of it.</param>
internal sealed record StunnelOption(string Name, OptionTreatment Treatment)
{
    /// <summary>Why it is not served; empty where it is.</summary>
    internal string Reason { get; init; } = "";

    /// <summary>Whether it can stand above the first section only.</summary>
    internal bool IsGlobal { get; init; }

    /// <summary>Takes the value for the process; null where it says nothing about that.</summary>
    internal Func<StunnelGlobal, OptionLine, StunnelGlobal>? Process { get; init; }

    /// <summary>Takes the value for a service, or for all of them above the first section.</summary>
    internal Func<StunnelService, OptionLine, StunnelService>? Service { get; init; }

    /// <summary>Says whether a value is one whose effect Adit does not have: the reason to be said, empty for none. Throws for one that is refused.</summary>
    internal Func<OptionLine, string>? Judge { get; init; }

    /// <summary>For the process.</summary>
    internal static StunnelOption Global(string name, Func<StunnelGlobal, OptionLine, StunnelGlobal> take) =>
        new(name, OptionTreatment.Served) { IsGlobal = true, Process = take };

    /// <summary>For a service.</summary>
    internal static StunnelOption Served(string name, Func<StunnelService, OptionLine, StunnelService> take) =>
        new(name, OptionTreatment.Served) { Service = take };

    /// <summary>For nothing.</summary>
    /// <param name="name">As the manual writes it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isGlobal">Whether it can stand above the first section only.</param>
    /// <param name="check">Throws for a value that cannot be right; null where any can.</param>
    internal static StunnelOption Ignored(string name, string reason, bool isGlobal = false, Action<OptionLine>? check = null) =>
        new(name, OptionTreatment.Ignored)
        {
            Reason = reason,
            IsGlobal = isGlobal,
            Judge = line =>
            {
                check?.Invoke(line);
                return reason;
            },
        };

    /// <summary>An error whatever it says.</summary>
    internal static StunnelOption Refused(string name, string reason, bool isGlobal = false) =>
        new(name, OptionTreatment.Refused) { Reason = reason, IsGlobal = isGlobal, Judge = line => throw line.Refused(reason) };

    /// <summary>Accepted where it says what is so anyway.</summary>
    internal static StunnelOption Refused(string name, string reason, Func<OptionLine, bool> isSoAnyway, bool isGlobal = false) =>
        new(name, OptionTreatment.Refused) { Reason = reason, IsGlobal = isGlobal, Judge = line => isSoAnyway(line) ? "" : throw line.Refused(reason) };
}
