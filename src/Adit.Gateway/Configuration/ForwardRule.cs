using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>The arguments of PermitOpen and PermitListen, which are checked and kept as they are written.</summary>
internal static class ForwardRule
{
    /// <summary>PermitOpen: <c>host:port</c>, each or both <c>*</c>; or <c>any</c> or <c>none</c>.</summary>
    /// <exception cref="ConfigException">A rule cannot be understood.</exception>
    internal static ImmutableArray<string> Open(ConfigLine line) =>
        All(line, HostAndPort, "write host:port such as db.example.com:5432 or [::1]:*, or any or none alone");

    /// <summary>PermitListen: <c>[host:]port</c>; or <c>any</c> or <c>none</c>.</summary>
    /// <exception cref="ConfigException">A rule cannot be understood.</exception>
    internal static ImmutableArray<string> Listen(ConfigLine line) =>
        All(line, rule => IsPort(rule) || HostAndPort(rule), "write port or host:port such as 8080 or localhost:*, or any or none alone");

    /// <summary>A rule of Adit's own keywords; see <see cref="EndpointRule"/>.</summary>
    /// <exception cref="ConfigException">It cannot be understood.</exception>
    internal static void Check(ConfigLine line, string rule)
    {
        try
        {
            _ = EndpointRule.Parse(rule);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword}: {e.Message}", e);
        }
    }

    private static ImmutableArray<string> All(ConfigLine line, Func<string, bool> isRule, string expected) =>
        line.Arguments is ["any"] or ["none"] || line.Arguments.All(isRule) ? [.. line.Arguments] : throw KeywordValue.Wrong(line, expected);

    private static bool HostAndPort(string rule)
    {
        int colon = rule.LastIndexOf(':');
        return colon > 0
            && IsPort(rule[(colon + 1)..])
            && rule[..colon] is var host
            && !host.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            && (host is ['[', .. var inner, ']'] ? inner.Length > 0 : !host.Contains(':', StringComparison.Ordinal));
    }

    private static bool IsPort(string text) =>
        text == "*" || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= IPEndPoint.MaxPort);
}
