using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Wording;

namespace Adit.Relay;

/// <summary>Reads the text of an <see cref="AdmissionRule"/>.</summary>
internal static class AdmissionRuleParser
{
    private const int MaxTerms = 64;
    private const int MaxNetworks = 256;
    private const int MaxNameLength = 256;
    private const int MaxPathLength = 4095;

    /// <summary>What a term of a rule may be.</summary>
    internal static readonly string[] Forms = ["same-user", "any", "self", "user:NAME", "group:NAME", "exe:PATH", "pid:N", "address:CIDR,…"];

    private static readonly string Known = $"known are {string.Join(", ", Forms[..^1])} and {Forms[^1]}";

    /// <exception cref="FormatException">The text is no rule.</exception>
    internal static IReadOnlyList<AdmissionTerm> Parse(string text)
    {
        if (text.Length > AdmissionRule.MaxLength)
            throw new FormatException($"the rule has {text.Length} characters; {AdmissionRule.MaxLength} are the most");
        if (string.IsNullOrWhiteSpace(text))
            throw new FormatException($"the rule is empty; {Known}");
        List<string> parts = Split(text);
        if (parts.Count > MaxTerms)
            throw new FormatException($"the rule has {parts.Count} alternatives; {MaxTerms} are the most");
        return [.. parts.Select(ParseTerm)];
    }

    // At the word "or" outside of double quotes, which a path may need.
    private static List<string> Split(string text)
    {
        List<string> parts = [];
        int start = 0;
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
                quoted = !quoted;
            if (quoted || !IsJoint(text, i))
                continue;
            parts.Add(text[start..i]);
            start = i + 2;
        }
        if (quoted)
            throw new FormatException($"a double quote is not closed in \"{Printable.Text(text)}\"");
        parts.Add(text[start..]);
        for (int i = 0; i < parts.Count; i++)
        {
            parts[i] = parts[i].Trim();
            if (parts[i].Length == 0)
                throw new FormatException($"nothing stands {(i == 0 ? "before" : "behind")} an \"or\" of \"{Printable.Text(text)}\"");
        }
        return parts;
    }

    private static bool IsJoint(string text, int at) =>
        at + 2 <= text.Length && text.AsSpan(at, 2).Equals("or", StringComparison.Ordinal)
        && (at == 0 || char.IsWhiteSpace(text[at - 1]))
        && (at + 2 == text.Length || char.IsWhiteSpace(text[at + 2]));

    private static AdmissionTerm ParseTerm(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string word = colon < 0 ? text : text[..colon];
        string value = colon < 0 ? "" : text[(colon + 1)..].Trim();
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
            value = value[1..^1];
        switch (word)
        {
            case "any" or "same-user" or "self" when colon >= 0:
                throw new FormatException($"{word} takes no value, so \"{Printable.Text(text)}\" is no rule");
            case "any":
                return new AnyTerm();
            case "same-user":
                return new SameUserTerm();
            case "self":
                return new SelfTerm();
            case "user" or "group" or "exe" or "pid" or "address" when value.Length == 0:
                throw new FormatException($"\"{Printable.Text(text)}\" lacks its value; {Known}");
            case "user":
                return new UserTerm(ParseName(word, value));
            case "group":
                return new GroupTerm(ParseName(word, value));
            case "exe":
                return new ExecutableTerm(ParsePath(value));
            case "pid":
                return new TreeTerm(ParsePid(value));
            case "address":
                return new AddressTerm(ParseNetworks(value));
            default:
                throw new FormatException($"unknown rule \"{Printable.Text(text)}\"; {Hint(text)}");
        }
    }

    private static string Hint(string text)
    {
        if (text[0] == '/')
            return $"a program is written as exe:{Printable.Text(text)}";
        if (text.All(char.IsAsciiDigit))
            return $"a process is written as pid:{text}, a user as user:{text}";
        if (text.Contains(',', StringComparison.Ordinal) || text.Contains(" and ", StringComparison.Ordinal))
            return $"several rules are joined by \" or \"; {Known}";
        return Known;
    }

    private static string ParseName(string word, string value)
    {
        if (value.All(char.IsAsciiDigit))
        {
            // The last number stands for "nobody in particular" in the kernel's calls.
            return uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue
                ? id.ToString(CultureInfo.InvariantCulture)
                : throw new FormatException($"{word}:{value} is out of range; numbers go from 0 to 4294967294");
        }
        if (value.Length > MaxNameLength || value.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c) || c is ':' or ',' or '"' or '/'))
            throw new FormatException($"{word}:{Printable.Text(value)} is not the name of a {word}; several rules are joined by \" or \"");
        return value;
    }

    private static string ParsePath(string value)
    {
        if (value[0] != '/')
            throw new FormatException($"exe:{Printable.Text(value)} is not an absolute path; write for example exe:/usr/bin/psql");
        if (value.Length > MaxPathLength || value.Any(static c => c is '\0' or '\n' or '"'))
            throw new FormatException($"exe:{Printable.Text(value)} cannot be the path of a program");
        return value;
    }

    private static int ParsePid(string value) =>
        value.All(char.IsAsciiDigit) && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0
            ? pid
            : throw new FormatException($"pid:{Printable.Text(value)} is not the number of a process");

    private static List<IPNetwork> ParseNetworks(string value)
    {
        string[] items = value.Split(',', StringSplitOptions.TrimEntries);
        return items.Length <= MaxNetworks
            ? [.. items.Select(ParseNetwork)]
            : throw new FormatException($"address: has {items.Length} networks; {MaxNetworks} are the most");
    }

    private static IPNetwork ParseNetwork(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string host = slash < 0 ? text : text[..slash];
        // The framework also reads "10.1" and "0x7f000001", which people rather mistype than mean.
        if (!IPAddress.TryParse(host, out IPAddress? address) || host.AsSpan().ContainsAny('%', '[', ']')
            || (address.AddressFamily == AddressFamily.InterNetwork && !string.Equals(address.ToString(), host, StringComparison.Ordinal)))
        {
            throw new FormatException($"\"{Printable.Text(text)}\" of address: is not an IP address or a network such as 10.0.0.0/8");
        }
        if (address.IsIPv4MappedToIPv6)
            throw new FormatException($"\"{text}\" of address: is written as IPv4, {address.MapToIPv4()}");
        int bits = address.GetAddressBytes().Length * 8;
        int prefix = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
            throw new FormatException($"the prefix of \"{Printable.Text(text)}\" is not a number from 0 to {bits}");
        IPAddress start = Start(address, prefix);
        return start.Equals(address)
            ? new IPNetwork(address, prefix)
            : throw new FormatException($"\"{text}\" has bits beyond its prefix; the network is {start}/{prefix}, the address alone is {address}");
    }

    private static IPAddress Start(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff00 >> kept);
        }
        return new IPAddress(bytes);
    }
}
