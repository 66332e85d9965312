using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>Reads the options of one line: sshd(8), AUTHORIZED_KEYS FILE FORMAT.</summary>
internal sealed class KeyOptionsReader(string text)
{
    private const int MaxLength = 8 * 1024;
    private const int MaxShown = 100;
    private const int MaxTunnel = int.MaxValue - 2;

    private readonly ImmutableArray<string>.Builder _permitOpen = ImmutableArray.CreateBuilder<string>();
    private readonly ImmutableArray<string>.Builder _permitListen = ImmutableArray.CreateBuilder<string>();
    private readonly List<KeyValuePair<string, string>> _environment = [];
    private KeyOptions _options = new();
    private bool _verifyRequired;
    private int _at;

    /// <summary>Where the options end that a line begins with: at the first blank outside quotes.</summary>
    public static int LengthOf(string line)
    {
        bool quoted = false;
        int at = 0;
        for (; at < line.Length && (quoted || line[at] is not (' ' or '\t')); at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length && line[at + 1] == '"')
                at++;
            else if (line[at] == '"')
                quoted = !quoted;
        }

        return at;
    }

    /// <exception cref="FormatException">The options cannot be understood.</exception>
    public KeyOptions Read()
    {
        if (text.Length > MaxLength)
            throw new FormatException($"the options are over the limit of {MaxLength} characters");
        if (text.AsSpan().ContainsAny('\0', '\uFFFD'))
            throw new FormatException("the options are not UTF-8 text");
        while (_at < text.Length)
        {
            string name = ReadName();
            Take(name, ReadValue(name));
            if (_at == text.Length)
                break;
            if (text[_at++] != ',' || _at == text.Length)
                throw new FormatException($"there is no option behind {name} and its comma, or no comma");
        }

        if (_verifyRequired)
            throw new FormatException("verify-required asks for a security key, and those are not served");
        if (!_options.Principals.IsEmpty && !_options.CertAuthority)
            throw new FormatException("principals= belongs on a line with cert-authority");
        return _options with { PermitOpen = _permitOpen.DrainToImmutable(), PermitListen = _permitListen.DrainToImmutable(), Environment = [.. _environment] };
    }

    private string ReadName()
    {
        int length = text.AsSpan(_at).IndexOfAny("=,\" \t");
        string name = length < 0 ? text[_at..] : text.Substring(_at, length);
        _at += name.Length;
        return name.Length > 0 ? name : throw new FormatException("the options have an empty one");
    }

    private string? ReadValue(string name)
    {
        if (_at == text.Length || text[_at] != '=')
            return null;
        if (++_at == text.Length || text[_at++] != '"')
            throw new FormatException($"the value of {Shown(name)} is not in quotes");
        var value = new StringBuilder();
        for (; _at < text.Length; _at++)
        {
            if (text[_at] == '"')
            {
                _at++;
                return value.ToString();
            }

            if (text[_at] == '\\' && _at + 1 < text.Length && text[_at + 1] == '"')
                _at++;
            value.Append(text[_at]);
        }

        throw new FormatException($"the quotes around the value of {Shown(name)} are not closed");
    }

    private void Take(string name, string? value)
    {
        string option = name.ToLowerInvariant();
        if (value is null)
            TakeFlag(name, option);
        else
            TakeValue(name, option, value);
    }

    private void TakeFlag(string name, string option)
    {
        bool on = !option.StartsWith("no-", StringComparison.Ordinal);
        switch (on ? option : option[3..])
        {
            case "port-forwarding":
                _options = _options with { PermitPortForwarding = on };
                break;
            case "agent-forwarding":
                _options = _options with { PermitAgentForwarding = on };
                break;
            case "x11-forwarding":
                _options = _options with { PermitX11Forwarding = on };
                break;
            case "pty":
                _options = _options with { PermitPty = on };
                break;
            case "user-rc":
                _options = _options with { PermitUserRc = on };
                break;
            case "touch-required":
                _options = _options with { NoTouchRequired = !on };
                break;
            case "verify-required":
                _verifyRequired = on;
                break;
            case "cert-authority" when on:
                _options = _options with { CertAuthority = true };
                break;
            case "restrict" when on:
                _options = _options with
                {
                    PermitPortForwarding = false,
                    PermitAgentForwarding = false,
                    PermitX11Forwarding = false,
                    PermitPty = false,
                    PermitUserRc = false,
                };
                break;
            default:
                throw new FormatException($"there is no option {Shown(name)} without a value");
        }
    }

    private void TakeValue(string name, string option, string value)
    {
        switch (option)
        {
            case "permitopen":
                _permitOpen.Add(ForwardPermit.Parse(option, value, mayOmitHost: false).ToString());
                break;
            case "permitlisten":
                _permitListen.Add(ForwardPermit.Parse(option, value, mayOmitHost: true).ToString());
                break;
            case "from":
                Once(option, _options.From is null);
                _options = _options with { From = AddressPatternList.Parse(value) };
                break;
            case "command":
                Once(option, _options.Command is null);
                _options = _options with { Command = value };
                break;
            case "principals":
                Once(option, _options.Principals.IsEmpty);
                _options = _options with { Principals = [.. value.Split(',')] };
                if (_options.Principals.Contains(string.Empty))
                    throw new FormatException("principals= has an empty name");
                break;
            case "expiry-time":
                DateTimeOffset expiry = ExpiryTime.Parse(value, TimeZoneInfo.Local);
                _options = _options with { Expiry = _options.Expiry < expiry ? _options.Expiry : expiry };
                break;
            case "environment":
                TakeEnvironment(value);
                break;
            case "tunnel":
                _options = _options with { Tunnel = ReadTunnel(value) };
                break;
            default:
                throw new FormatException($"there is no option {Shown(name)} with a value");
        }
    }

    // The first value of a name is the one that counts, as with ssh.
    private void TakeEnvironment(string value)
    {
        int equals = value.IndexOf('=', StringComparison.Ordinal);
        string variable = equals < 0 ? string.Empty : value[..equals];
        if (variable.Length == 0 || !variable.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw new FormatException("environment= needs NAME=value with a name of letters, digits and underscores");
        if (!_environment.Exists(known => known.Key == variable))
            _environment.Add(new(variable, value[(equals + 1)..]));
    }

    private static string ReadTunnel(string value)
    {
        if (value.Equals("any", StringComparison.OrdinalIgnoreCase))
            return "any";
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int device) && device <= MaxTunnel
            ? device.ToString(CultureInfo.InvariantCulture)
            : throw new FormatException("tunnel= needs the number of a tun device, or any");
    }

    private static void Once(string option, bool isFirst)
    {
        if (!isFirst)
            throw new FormatException($"{option}= is there more than once");
    }

    private static string Shown(string name) => $"\"{Printable.Text(name.Length > MaxShown ? name[..MaxShown] + "..." : name)}\"";
}
