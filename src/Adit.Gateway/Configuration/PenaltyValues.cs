using System.Globalization;
using Adit.OpenSsh;
using Adit.Wording;

namespace Adit.Gateway.Configuration;

/// <summary>What lines of PerSourcePenalties have said so far. Each penalty's first value wins, and giving one turns penalties on.</summary>
internal sealed class PenaltyValues
{
    private const string Expected =
        "write yes, no, or penalties such as authfail:5s min:15s max:10m max-sources4:65536 overflow:deny-all";

    private static readonly string[] Times = ["crash", "authfail", "invaliduser", "refuseconnection", "noauth", "grace-exceeded", "min", "max"];
    private static readonly string[] Counts = ["max-sources4", "max-sources6"];
    private static readonly string[] Overflows = ["overflow", "overflow6"];

    private readonly Dictionary<string, long> _given = new(StringComparer.Ordinal);
    private bool? _enabled;

    /// <summary>Checks a line.</summary>
    /// <exception cref="ConfigException">A penalty is unknown, or its value is none.</exception>
    internal static Action<GatewayValues> Read(ConfigLine line)
    {
        if (line.Arguments is [var only] && only.ToUpperInvariant() is ("YES" or "NO"))
        {
            bool enabled = only.Equals("yes", StringComparison.OrdinalIgnoreCase);
            return values => values.PerSourcePenalties._enabled ??= enabled;
        }
        (string, long)[] given = [.. line.Arguments.Select(argument => One(line, argument))];
        return values => values.PerSourcePenalties.Offer(given);
    }

    /// <summary>The penalties, those that nobody wrote as sshd has them.</summary>
    internal SourcePenalties ToPenalties()
    {
        SourcePenalties d = new();
        bool overflow = _given.TryGetValue("overflow", out long denies) ? denies != 0 : d.OverflowDeniesAll;
        return new()
        {
            Enabled = _enabled ?? d.Enabled,
            Crash = Time("crash", d.Crash),
            AuthFail = Time("authfail", d.AuthFail),
            InvalidUser = Time("invaliduser", d.InvalidUser),
            RefuseConnection = Time("refuseconnection", d.RefuseConnection),
            NoAuth = Time("noauth", d.NoAuth),
            GraceExceeded = Time("grace-exceeded", d.GraceExceeded),
            Min = Time("min", d.Min),
            Max = Time("max", d.Max),
            MaxSources = (int)_given.GetValueOrDefault("max-sources4", d.MaxSources),
            MaxSources6 = (int)_given.GetValueOrDefault("max-sources6", d.MaxSources6),
            OverflowDeniesAll = overflow,
            Overflow6DeniesAll = _given.TryGetValue("overflow6", out long denies6) ? denies6 != 0 : overflow,
        };
    }

    private TimeSpan Time(string name, TimeSpan otherwise) => _given.TryGetValue(name, out long ticks) ? TimeSpan.FromTicks(ticks) : otherwise;

    private void Offer((string Name, long Value)[] given)
    {
        foreach ((string name, long value) in given)
        {
            if (_given.TryAdd(name, value))
                _enabled = true;
        }
    }

    private static (string Name, long Value) One(ConfigLine line, string argument)
    {
        int colon = argument.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? argument : argument[..colon];
        string value = colon < 0 ? "" : argument[(colon + 1)..];
        if (Times.Contains(name))
            return (name, KeywordValue.Time(line, value).Ticks);
        if (Counts.Contains(name))
        {
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
                ? (name, count)
                : throw KeywordValue.Wrong(line, $"{name} takes a number from 1");
        }
        if (Overflows.Contains(name))
        {
            return value switch
            {
                "deny-all" => (name, 1),
                "permissive" => (name, 0),
                _ => throw KeywordValue.Wrong(line, $"{name} takes deny-all or permissive"),
            };
        }
        string? near = name.Length > 0 ? Spelling.Nearest(name, [.. Times, .. Counts, .. Overflows]) : null;
        throw KeywordValue.Wrong(line, near is null ? Expected : $"\"{name}\" is not known, the nearest is {near}; {Expected}");
    }
}
