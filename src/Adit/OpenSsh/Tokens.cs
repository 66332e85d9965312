using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Adit.OpenSsh;

/// <summary>The connection that a value belongs to, for the tokens and variables in it: ssh_config(5), TOKENS and ENVIRONMENT VARIABLES.</summary>
/// <param name="Local">Who connects.</param>
/// <param name="Alias">%n, the destination as it was given.</param>
/// <param name="HostName">%h, the host that is connected to.</param>
/// <param name="Port">%p</param>
/// <param name="User">%r</param>
/// <param name="HostKeyAlias">%k, if it was configured.</param>
internal sealed record Tokens(LocalUser Local, string Alias, string HostName, int Port, string User, string? HostKeyAlias)
{
    /// <summary>The tokens of most keywords, besides %%.</summary>
    internal const string Usual = "CdhijkLlnpru";

    /// <summary>Those of ProxyCommand and ProxyJump.</summary>
    internal const string OfProxy = "hknpr";

    /// <summary>Those of User, which is part of %C and is %r itself.</summary>
    internal const string OfUser = "dhijkLlnpu";

    /// <summary>Those of LocalCommand.</summary>
    internal const string OfLocalCommand = Usual + "T";

    private const int MostCharacters = 64 * 1024;

    /// <summary>%j, the host of the last hop; empty without one.</summary>
    internal string JumpHost { get; init; } = "";

    /// <summary>Replaces the usual tokens, variables and a leading tilde.</summary>
    /// <exception cref="ConfigException">A token or variable is unknown.</exception>
    internal string ExpandPath(string value, ConfigSource source) => ExpandTilde(ExpandAll(value, source), Local, source);

    /// <summary>Replaces the usual tokens and variables.</summary>
    /// <param name="value">The text.</param>
    /// <param name="source">Where it was written.</param>
    /// <param name="more">Further tokens, which only the caller knows; null for an unknown one.</param>
    /// <exception cref="ConfigException">A token or variable is unknown.</exception>
    internal string ExpandAll(string value, ConfigSource source, Func<char, string?>? more = null) =>
        Expand(Variables(value, Local, source), source, more: more);

    /// <summary>Replaces tokens.</summary>
    /// <param name="value">The text.</param>
    /// <param name="source">Where it was written.</param>
    /// <param name="allowed">The tokens that the keyword has; null for the usual ones.</param>
    /// <param name="more">Further tokens, which only the caller knows; null for an unknown one.</param>
    /// <exception cref="ConfigException">A token is unknown.</exception>
    internal string Expand(string value, ConfigSource source, string? allowed = null, Func<char, string?>? more = null) =>
        Percent(value, source, token => (allowed ?? Usual).Contains(token, StringComparison.Ordinal) ? Value(token) : more?.Invoke(token));

    /// <summary>Replaces the tokens of HostName, %% and %h.</summary>
    /// <exception cref="ConfigException">There is another token.</exception>
    internal static string ExpandHostName(string value, string alias, ConfigSource source) =>
        Percent(value, source, token => token == 'h' ? alias : null);

    /// <summary>Replaces <c>~</c> and <c>~user</c>.</summary>
    /// <exception cref="ConfigException">The user is another one, whose home is not looked up.</exception>
    internal static string ExpandTilde(string value, LocalUser local, ConfigSource source)
    {
        if (!value.StartsWith('~'))
            return value;
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        string name = slash < 0 ? value[1..] : value[1..slash];
        if (name.Length > 0 && name != local.Name)
            throw new ConfigException(source, $"the home directory of another user is not looked up: \"{value}\"; write the whole path");
        return slash < 0 ? local.Home : local.Home.TrimEnd('/') + value[slash..];
    }

    /// <summary>Replaces <c>${VARIABLE}</c>.</summary>
    /// <exception cref="ConfigException">A variable is not set, or a brace is not closed.</exception>
    internal static string Variables(string value, LocalUser local, ConfigSource source)
    {
        int at = value.IndexOf("${", StringComparison.Ordinal);
        if (at < 0)
            return value;
        var result = new StringBuilder();
        int from = 0;
        for (; at >= 0; at = value.IndexOf("${", from, StringComparison.Ordinal))
        {
            int end = value.IndexOf('}', at);
            if (end < 0)
                throw new ConfigException(source, $"a brace is not closed in \"{value}\"");
            string name = value[(at + 2)..end];
            string? found = name.Length == 0 ? null : local.Variable(name);
            result.Append(value, from, at - from)
                .Append(found ?? throw new ConfigException(source, $"the environment has no variable {name}, which \"{value}\" needs"));
            Limit(result, value, source);
            from = end + 1;
        }
        return result.Append(value, from, value.Length - from).ToString();
    }

    private static string Percent(string value, ConfigSource source, Func<char, string?> of)
    {
        if (!value.Contains('%', StringComparison.Ordinal))
            return value;
        var result = new StringBuilder();
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != '%')
            {
                result.Append(value[i]);
                continue;
            }
            if (++i == value.Length)
                throw new ConfigException(source, $"\"{value}\" ends in the midst of a token; write %% for a percent sign");
            result.Append(value[i] == '%' ? "%" : of(value[i])
                ?? throw new ConfigException(source, $"the token %{value[i]} is not known here: \"{value}\"; write %% for a percent sign"));
            Limit(result, value, source);
        }
        return result.ToString();
    }

    private static void Limit(StringBuilder result, string value, ConfigSource source)
    {
        if (result.Length > MostCharacters)
            throw new ConfigException(source, $"the value grows too long: \"{value[..Math.Min(64, value.Length)]}…\"");
    }

    private string? Value(char token) => token switch
    {
        'C' => ConnectionHash(),
        'd' => Local.Home,
        'h' => HostName,
        'i' => Local.Id,
        'j' => JumpHost,
        'k' => HostKeyAlias ?? Alias,
        'L' => Local.HostName.Split('.')[0],
        'l' => Local.HostName,
        'n' => Alias,
        'p' => Port.ToString(CultureInfo.InvariantCulture),
        'r' => User,
        'T' => "NONE",
        'u' => Local.Name,
        _ => null,
    };

    private string ConnectionHash()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{Local.HostName}{HostName}{Port}{User}{JumpHost}");
#pragma warning disable CA5350 // A name for files; ssh_config(5) demands that very hash, and nothing is protected by it.
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
    }
}
