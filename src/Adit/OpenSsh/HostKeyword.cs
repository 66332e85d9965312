using System.Collections.Immutable;

namespace Adit.OpenSsh;

/// <summary>The keywords of ssh_config(5) that are not like others: those that are not served, and those whose values work together.</summary>
internal static class HostKeyword
{
    /// <summary>Has no effect here, and without it nothing is less secure.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="why">Why it has none.</param>
    internal static Keyword<HostSettings> Ignored(string name, string why) =>
        new(name, line => settings => settings.Ignored.TryAdd(name, new(why, line.Source))) { IsServed = false };

    /// <summary>Is not served, and to ignore it would weaken the connection or lead it elsewhere.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="harmless">The values, with bars between them, that ask for nothing.</param>
    /// <param name="why">Why it is not served, and what to do.</param>
    internal static Keyword<HostSettings> Refused(string name, string harmless, string why)
    {
        string[] asksNothing = harmless.Split('|', StringSplitOptions.RemoveEmptyEntries);
        return new(name, line => settings =>
        {
            if (!settings.Refusals.TryGetValue(name, out FirstValue<string?>? refusal))
                settings.Refusals.Add(name, refusal = new());
            bool nothing = line.Arguments is [var only] && asksNothing.Contains(only, StringComparer.OrdinalIgnoreCase);
            refusal.Offer(nothing ? null : $"{name} applies to this destination: {why}", line.Source);
        })
        { IsServed = false };
    }

    /// <summary>A message with which the user refuses the destination.</summary>
    internal static Keyword<HostSettings> RefuseConnection { get; } = new("RefuseConnection", line =>
    {
        string message = KeywordValue.Text(line);
        return settings =>
        {
            FirstValue<string?> refusal = new();
            refusal.Offer($"RefuseConnection: {message}", line.Source);
            settings.Refusals.TryAdd("RefuseConnection", refusal);
        };
    });

    /// <summary>The hosts on the way. The first of this and ProxyCommand wins; <c>none</c> only keeps later hosts away.</summary>
    internal static Keyword<HostSettings> ProxyJump { get; } = new("ProxyJump", line =>
    {
        ImmutableArray<JumpHost> hops = HostValue.JumpHosts(line);
        return settings =>
        {
            if (hops.IsEmpty || settings.ProxyCommand.Given is null)
                settings.ProxyJump.Offer(hops, line.Source);
        };
    });

    /// <summary>The program that connects; null for <c>none</c>.</summary>
    internal static Keyword<HostSettings> ProxyCommand { get; } = new("ProxyCommand", line =>
    {
        string? command = KeywordValue.CommandOrNone(line);
        return settings =>
        {
            if (settings.ProxyJump.Given is not { Value.IsEmpty: false })
                settings.ProxyCommand.Offer(command, line.Source);
        };
    });

    /// <summary>Variables that are sent. They add up; a <c>-</c> in front takes away.</summary>
    internal static Keyword<HostSettings> SendEnv { get; } = new("SendEnv", line =>
    {
        IReadOnlyList<string> names = HostValue.SendEnv(line);
        return settings =>
        {
            foreach (string name in names)
            {
                if (name.StartsWith('-'))
                    settings.SendEnv.Remove(known => PatternList.Fits(known, name.AsSpan(1)));
                else
                    settings.SendEnv.Add(name, line.Source);
            }
        };
    });

    /// <summary>Forwards that add up, two arguments each.</summary>
    /// <param name="name">The keyword.</param>
    /// <param name="parse">Reads one.</param>
    /// <param name="where">Where they are kept.</param>
    /// <param name="alone">Whether one argument may be all: what it then means is another thing than with two.</param>
    internal static Keyword<HostSettings> Forward(
        string name, Func<string, ForwardSpec> parse, Func<HostSettings, ValueList<string>> where, bool alone = false) =>
        new(name, line =>
        {
            string text = KeywordValue.Forward(line, parse);
            bool isOldForm = line.Source.Line > 0 && line.Arguments.Count == 1 && !(alone && IsPortAlone(text, parse));
            return settings =>
            {
                where(settings).Add(text, line.Source);
                if (isOldForm)
                    settings.Warnings.Add($"{line.Source}: \"{name} {text}\" is an old form that ssh refuses; write where to listen and the target with a blank between them");
            };
        });

    private static bool IsPortAlone(string text, Func<string, ForwardSpec> parse)
    {
        try
        {
            return parse(text).IsDynamic;
        }
        catch (FormatException)
        {
            // A variable that is not replaced yet: ssh would look at it later, too.
            return true;
        }
    }
}
