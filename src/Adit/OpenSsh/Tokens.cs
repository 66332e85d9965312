using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Adit.OpenSsh;

/// <summary>The tokens of ssh_config(5), TOKENS: <c>%h</c> and the like, <c>~</c>, and <c>${ENVIRONMENT}</c>.</summary>
internal sealed class Tokens(string home)
{
    private const int MaxLength = 64 * 1024;

    private readonly Dictionary<char, string> _values = new()
    {
        ['%'] = "%",
        ['d'] = home,
        ['i'] = UserId(),
        ['l'] = Environment.MachineName,
        ['L'] = Environment.MachineName.Split('.')[0],
        ['u'] = Environment.UserName,
    };

    /// <summary>Sets what belongs to the destination.</summary>
    public void Set(string original, string host, int port, string user, string? alias)
    {
        string portText = port.ToString(CultureInfo.InvariantCulture);
        _values['n'] = original;
        _values['h'] = host;
        _values['p'] = portText;
        _values['r'] = user;
        _values['k'] = alias ?? original;
        _values['j'] = string.Empty;
#pragma warning disable CA5350 // ssh_config(5) defines %C by SHA-1; it only makes a name.
        _values['C'] = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(_values['l'] + host + portText + user)));
#pragma warning restore CA5350
    }

    /// <summary>Replaces tokens, and with <paramref name="path"/> also a leading <c>~</c> and environment variables.</summary>
    /// <exception cref="FormatException">A token or variable is unknown.</exception>
    public string Expand(string text, bool path, string? only = null)
    {
        if (path)
            text = ExpandEnvironment(text);
        if (path && (text == "~" || text.StartsWith("~/", StringComparison.Ordinal)))
            text = home + text[1..];
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var expanded = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                expanded.Append(text[i]);
                continue;
            }

            if (++i == text.Length || !_values.TryGetValue(text[i], out string? value) || (only is not null && !only.Contains(text[i], StringComparison.Ordinal)))
                throw new FormatException($"unknown token %{(i < text.Length ? text[i] : string.Empty)} in \"{text}\"");
            expanded.Append(value);
            if (expanded.Length > MaxLength)
                throw new FormatException("the value is too long");
        }

        return expanded.ToString();
    }

    /// <summary>Replaces <c>${NAME}</c>.</summary>
    /// <exception cref="FormatException">The variable is not set.</exception>
    public static string ExpandEnvironment(string text)
    {
        int start;
        int from = 0;
        while ((start = text.IndexOf("${", from, StringComparison.Ordinal)) >= 0)
        {
            int end = text.IndexOf('}', start);
            if (end < 0)
                throw new FormatException($"\"${{\" is not closed in \"{text}\"");
            string name = text[(start + 2)..end];
            string value = Environment.GetEnvironmentVariable(name) ?? throw new FormatException($"the environment variable {name} is not set");
            text = text[..start] + value + text[(end + 1)..];
            from = start + value.Length;
            if (text.Length > MaxLength)
                throw new FormatException("the value is too long");
        }

        return text;
    }

    private static string UserId()
    {
        const string status = "/proc/self/status";
        return File.Exists(status)
            ? File.ReadLines(status).First(static line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1]
            : "0";
    }
}
