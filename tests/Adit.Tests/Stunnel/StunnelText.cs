using System.Collections;
using System.Globalization;
using System.Reflection;
using Adit.Stunnel;

namespace Adit.Tests.Stunnel;

/// <summary>Option files as one line each: <c>|</c> ends a line.</summary>
internal static class StunnelText
{
    internal static StunnelConfiguration Parse(string text) => StunnelFile.Parse(text.Replace('|', '\n'), "f");

    internal static StunnelService Service(string text) => Assert.Single(Parse(text).Services);

    internal static string Error(string text) => Assert.Throws<StunnelException>(() => Parse(text)).Message;

    /// <summary>The value of a property, as in <c>Accept=[localhost:1,*:2]</c>.</summary>
    internal static string Show(object data, string property)
    {
        PropertyInfo found = data.GetType().GetProperty(property, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!;
        return $"{property}={Text(found.GetValue(data))}";
    }

    private static string Text(object? value) => value switch
    {
        null => "none",
        string text => text,
        IEnumerable many => $"[{string.Join(',', many.Cast<object?>().Select(Text))}]",
        KeyValuePair<string, string?> pair => $"{pair.Key}={pair.Value ?? "none"}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
