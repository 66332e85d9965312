using System.Collections.Immutable;

namespace Adit.Stunnel;

/// <summary>The options that hold for the whole process. Immutable.</summary>
internal sealed record StunnelGlobal
{
    /// <summary>The name of the program in the system's log: <c>service</c>.</summary>
    internal string ServiceName { get; init; } = "stunnel";

    /// <summary>What is logged at most.</summary>
    internal SyslogLevel Debug { get; init; } = SyslogLevel.Notice;

    /// <summary>The facility of the system's log, in small letters, as in <c>daemon</c>.</summary>
    internal string Facility { get; init; } = "daemon";

    /// <summary>Whether the process stays in front.</summary>
    internal StunnelForeground Foreground { get; init; }

    /// <summary>The file of the log; null for none.</summary>
    internal string? Output { get; init; }

    /// <summary>Whether the log begins anew whenever it is opened, instead of going on.</summary>
    internal bool OverwritesLog { get; init; }

    /// <summary>The file that gets the number of the process; null for none.</summary>
    internal string? PidFile { get; init; }

    /// <summary>Whether the system's log is written to.</summary>
    internal bool UsesSyslog { get; init; } = true;

    /// <summary>What programs started by <c>exec</c> find in their environment, in this order; a null value takes the variable away.</summary>
    internal ImmutableArray<KeyValuePair<string, string?>> Environment { get; init; } = [];
}

/// <summary>Whether the process stays in front.</summary>
internal enum StunnelForeground
{
    /// <summary>A daemon.</summary>
    No = 0,

    /// <summary>In front, and what is logged goes to standard error too.</summary>
    Yes,

    /// <summary>In front, without the log on standard error.</summary>
    Quiet,
}

/// <summary>The levels of syslog(3), by their numbers.</summary>
internal enum SyslogLevel
{
    /// <summary>The system is unusable.</summary>
    Emerg = 0,

    /// <summary>Something has to be done at once.</summary>
    Alert = 1,

    /// <summary>Critical.</summary>
    Crit = 2,

    /// <summary>Errors.</summary>
    Err = 3,

    /// <summary>Warnings.</summary>
    Warning = 4,

    /// <summary>Normal, but worth knowing.</summary>
    Notice = 5,

    /// <summary>Informational.</summary>
    Info = 6,

    /// <summary>Everything.</summary>
    Debug = 7,
}
